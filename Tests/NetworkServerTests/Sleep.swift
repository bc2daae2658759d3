import Glibc

func sleepShortly() { usleep(1000) }
