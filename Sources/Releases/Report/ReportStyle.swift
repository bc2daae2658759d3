/// How a page looks: colours say nothing that words do not, and there are some for each theme and for paper.
enum ReportStyle {
    // Where styles are not read, drawings have the colours of a light screen.
    static func area(_ version: String) -> String {
        let color = color(version)
        return "class=\"\(version) area\" fill=\"\(color)\" fill-opacity=\".25\" stroke=\"\(color)\""
    }

    static func bar(_ version: String) -> String { "class=\"\(version) bar\" fill=\"\(color(version))\"" }

    static func mark(_ version: String) -> String { "class=\"\(version) mark\" stroke=\"\(color(version))\"" }

    static let axis = "class=\"axis\" fill=\"none\" stroke=\"#d1d9e0\""

    private static func color(_ version: String) -> String { version == "base" ? "#0969da" : "#bc4c00" }

    static let text = """
        :root{--ink:#1f2328;--faint:#59636e;--paper:#fff;--panel:#f6f8fa;--rule:#d1d9e0;--good:#1a7f37;--bad:#cf222e;
        --open:#9a6700;--base:#0969da;--candidate:#bc4c00;color-scheme:light dark}
        @media screen and (prefers-color-scheme:dark){
        :root{--ink:#e6edf3;--faint:#9198a1;--paper:#0d1117;--panel:#161b22;--rule:#3d444d;--good:#3fb950;--bad:#ff7b72;
        --open:#e3b341;--base:#58a6ff;--candidate:#ffa657}
        }
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,"DejaVu Sans",sans-serif}
        main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 3rem}
        header{border-left:.4rem solid var(--rule);background:var(--panel);padding:.8rem 1.2rem;border-radius:.3rem}
        header.good{border-color:var(--good)}
        header.bad{border-color:var(--bad)}
        header.open{border-color:var(--open)}
        h1{font-size:1.5rem;line-height:1.3;margin:.2rem 0;overflow-wrap:anywhere}
        h2{font-size:1.15rem;margin:2rem 0 .6rem;border-bottom:1px solid var(--rule);padding-bottom:.2rem}
        h3{font-size:1rem;margin:1.4rem 0 .4rem;overflow-wrap:anywhere}
        p,li{max-width:50rem;overflow-wrap:anywhere}
        header p{margin:.3rem 0}
        small{color:var(--faint);font-size:.85em}
        code{font:.9em ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
        a{color:var(--base)}
        .wide{overflow-x:auto;background:
        linear-gradient(to right,var(--paper) 30%,transparent) local left/2rem 100% no-repeat,
        linear-gradient(to left,var(--paper) 30%,transparent) local right/2rem 100% no-repeat,
        linear-gradient(to right,var(--rule),transparent) left/.7rem 100% no-repeat,
        linear-gradient(to left,var(--rule),transparent) right/.7rem 100% no-repeat}
        table{border-collapse:collapse;width:100%;font-size:.92em}
        th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--rule)}
        th{color:var(--faint);font-weight:600}
        th:last-child,td:last-child{padding-right:0}
        td{white-space:nowrap}
        td code{display:inline-block;width:max-content;max-width:21rem;white-space:normal}
        .number{text-align:right;font-variant-numeric:tabular-nums}
        .number+:not(.number){padding-left:.7rem}
        .group td,.group code{font-weight:600}
        .group td{padding-top:.7rem}
        .group~tr:not(.group) td:first-child{padding-left:1.2rem}
        .outcome.good{color:var(--good);font-weight:600}
        .outcome.bad{color:var(--bad);font-weight:600}
        .outcome.open{color:var(--open)}
        figure{margin:.8rem 0}
        figcaption{color:var(--faint);font-size:.9em;max-width:50rem}
        svg{display:block;width:100%;height:auto;max-height:22rem}
        .legend{display:flex;flex-wrap:wrap;gap:0 2rem;margin:0;font-size:.9em}
        .legend .base{color:var(--base)}
        .legend .candidate{color:var(--candidate)}
        svg text{font:12px system-ui,"DejaVu Sans",sans-serif;fill:var(--faint)}
        svg .base{fill:var(--base);stroke:var(--base)}
        svg .candidate{fill:var(--candidate);stroke:var(--candidate)}
        svg .area{fill-opacity:.25;stroke-width:1.5;stroke-linejoin:round}
        svg .bar{fill-opacity:.45;stroke:none}
        svg .bar.base{fill-opacity:.85}
        svg .mark{stroke-width:1.5}
        svg .candidate{stroke-dasharray:5 3}
        svg .axis{stroke:var(--rule);fill:none}
        @media (max-width:40rem){
        main{padding:.6rem .7rem 2rem}
        header{padding:.6rem .8rem}
        h1{font-size:1.25rem}
        ul,ol{padding-left:1.4rem}
        table{font-size:.82em}
        th,td{padding-right:.5rem}
        td code{max-width:9rem}
        .number+:not(.number){padding-left:.3rem}
        .group~tr:not(.group) td:first-child{padding-left:.6rem}
        svg text{font-size:24px}
        }
        @media print{
        main{max-width:none;padding:0}
        body{font-size:10pt}
        header{border:1px solid var(--rule);border-left-width:.4rem;background:none}
        h2,h3{break-after:avoid}
        tr,figure,header{break-inside:avoid}
        .wide{overflow:visible;background:none}
        a{color:inherit}
        }

        """
}
