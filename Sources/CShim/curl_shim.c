#include "cshim.h"

#include <curl/curl.h>

int skein_curl_set_long(void *handle, int option, long value) {
    return (int)curl_easy_setopt((CURL *)handle, (CURLoption)option, value);
}

int skein_curl_set_pointer(void *handle, int option, const void *value) {
    return (int)curl_easy_setopt((CURL *)handle, (CURLoption)option, value);
}

int skein_curl_set_offset(void *handle, int option, int64_t value) {
    return (int)curl_easy_setopt((CURL *)handle, (CURLoption)option, (curl_off_t)value);
}

int skein_curl_set_receiver(void *handle, int option, size_t (*receiver)(char *, size_t, size_t, void *)) {
    return (int)curl_easy_setopt((CURL *)handle, (CURLoption)option, receiver);
}

int skein_curl_get_long(void *handle, int what, long *value) {
    return (int)curl_easy_getinfo((CURL *)handle, (CURLINFO)what, value);
}
