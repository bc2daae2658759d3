#!/bin/sh
# Makes the certificates of this folder anew, valid for 100 years. Needs OpenSSL 3.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1-key.pem"; }

# root NAME SUBJECT: a certificate authority that signs itself
root() {
    key "$1"
    openssl req -x509 -key "$1-key.pem" -sha256 -days 36500 -subj "/CN=$2" -out "$1.pem" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
}

# signed NAME SUBJECT ISSUER FROM UNTIL EXTENSIONS: a certificate that the issuer signs
signed() {
    key "$1"
    openssl req -new -key "$1-key.pem" -subj "/CN=$2" -out "$work/request.pem"
    {
        printf '%b' "[issuer]\ndatabase=$work/index\nserial=$work/serial\nnew_certs_dir=$work\n"
        printf '%b' "default_md=sha256\npolicy=policy\nunique_subject=no\n[policy]\ncommonName=supplied\n"
        printf '%b' "[extensions]\nauthorityKeyIdentifier=keyid\n$6"
    } >"$work/ca.conf"
    : >"$work/index"
    [ -e "$work/serial" ] || echo 1000 >"$work/serial"
    openssl ca -batch -notext -config "$work/ca.conf" -name issuer -extensions extensions -cert "$3.pem" \
        -keyfile "$3-key.pem" -startdate "$4" -enddate "$5" -in "$work/request.pem" -out "$1.pem" 2>"$work/log" \
        || { cat "$work/log" >&2; exit 1; }
}

now=20260101000000Z
later=21251231000000Z
names="subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth\n"
root ca "Test CA"
root other-ca "Other test CA"
signed intermediate "Test intermediate CA" ca $now $later \
    "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
signed server "localhost" intermediate $now $later "$names"
signed renewed "localhost renewed" intermediate $now $later "$names"
signed expired "localhost expired" intermediate 20200101000000Z 20210101000000Z "$names"
signed client "test client" ca $now $later "extendedKeyUsage=clientAuth\n"
signed other-client "test client of another CA" other-ca $now $later "extendedKeyUsage=clientAuth\n"
for name in server renewed expired; do cat intermediate.pem >>"$name.pem"; done
openssl pkcs8 -topk8 -in server-key.pem -passout pass:secret -out encrypted-key.pem
rm ca-key.pem other-ca-key.pem intermediate-key.pem intermediate.pem
