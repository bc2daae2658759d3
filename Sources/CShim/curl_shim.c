#include "cshim.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

/* The typed checks of curl's header are macros with the names of its functions. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static struct {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_version_info) version_info;
    __typeof__(&curl_easy_init) easy_init;
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    __typeof__(&curl_easy_reset) easy_reset;
    __typeof__(&curl_easy_perform) easy_perform;
    __typeof__(&curl_easy_setopt) easy_setopt;
    __typeof__(&curl_easy_getinfo) easy_getinfo;
    __typeof__(&curl_easy_strerror) easy_strerror;
    __typeof__(&curl_slist_append) slist_append;
    __typeof__(&curl_slist_free_all) slist_free_all;
    __typeof__(&curl_multi_init) multi_init;
    __typeof__(&curl_multi_cleanup) multi_cleanup;
    __typeof__(&curl_multi_setopt) multi_setopt;
    __typeof__(&curl_multi_add_handle) multi_add_handle;
    __typeof__(&curl_multi_remove_handle) multi_remove_handle;
    __typeof__(&curl_multi_perform) multi_perform;
    __typeof__(&curl_multi_poll) multi_poll;
    __typeof__(&curl_multi_wakeup) multi_wakeup;
    __typeof__(&curl_multi_info_read) multi_info_read;
    __typeof__(&curl_multi_strerror) multi_strerror;
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char failure[512];

static void load(void) {
    /* The name that every system gives it; then Debian's for the one that is built with GnuTLS. */
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) snprintf(failure, sizeof failure, "%s", dlerror());
    if (!library) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    failure[0] = 0;
#define FIND(field, name) \
    if (!(curl.field = (__typeof__(curl.field))dlsym(library, name)) && !failure[0]) \
        snprintf(failure, sizeof failure, "%s", dlerror());
    FIND(global_init, "curl_global_init")
    FIND(version_info, "curl_version_info")
    FIND(easy_init, "curl_easy_init")
    FIND(easy_cleanup, "curl_easy_cleanup")
    FIND(easy_reset, "curl_easy_reset")
    FIND(easy_perform, "curl_easy_perform")
    FIND(easy_setopt, "curl_easy_setopt")
    FIND(easy_getinfo, "curl_easy_getinfo")
    FIND(easy_strerror, "curl_easy_strerror")
    FIND(slist_append, "curl_slist_append")
    FIND(slist_free_all, "curl_slist_free_all")
    FIND(multi_init, "curl_multi_init")
    FIND(multi_cleanup, "curl_multi_cleanup")
    FIND(multi_setopt, "curl_multi_setopt")
    FIND(multi_add_handle, "curl_multi_add_handle")
    FIND(multi_remove_handle, "curl_multi_remove_handle")
    FIND(multi_perform, "curl_multi_perform")
    FIND(multi_poll, "curl_multi_poll")
    FIND(multi_wakeup, "curl_multi_wakeup")
    FIND(multi_info_read, "curl_multi_info_read")
    FIND(multi_strerror, "curl_multi_strerror")
#undef FIND
    if (!failure[0] && curl.global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        snprintf(failure, sizeof failure, "it does not start");
    }
}

const char *skein_curl_load(void) {
    pthread_once(&once, load);
    return failure[0] ? failure : NULL;
}

const char *skein_curl_version(void) {
    curl_version_info_data *information = curl.version_info(CURLVERSION_NOW);
    return information ? information->version : NULL;
}

void *skein_curl_make(void) { return curl.easy_init(); }

void skein_curl_free(void *handle) { curl.easy_cleanup(handle); }

void skein_curl_reset(void *handle) { curl.easy_reset(handle); }

int skein_curl_perform(void *handle) { return (int)curl.easy_perform(handle); }

const char *skein_curl_error_text(int outcome) { return curl.easy_strerror((CURLcode)outcome); }

int skein_curl_set_long(void *handle, int option, long value) {
    return (int)curl.easy_setopt((CURL *)handle, (CURLoption)option, value);
}

int skein_curl_set_pointer(void *handle, int option, const void *value) {
    return (int)curl.easy_setopt((CURL *)handle, (CURLoption)option, value);
}

int skein_curl_set_offset(void *handle, int option, int64_t value) {
    return (int)curl.easy_setopt((CURL *)handle, (CURLoption)option, (curl_off_t)value);
}

int skein_curl_set_receiver(void *handle, int option, size_t (*receiver)(char *, size_t, size_t, void *)) {
    return (int)curl.easy_setopt((CURL *)handle, (CURLoption)option, receiver);
}

int skein_curl_set_seeker(void *handle, int option, int (*seeker)(void *, int64_t, int)) {
    return (int)curl.easy_setopt((CURL *)handle, (CURLoption)option, seeker);
}

int skein_curl_get_long(void *handle, int what, long *value) {
    return (int)curl.easy_getinfo((CURL *)handle, (CURLINFO)what, value);
}

void *skein_curl_list_append(void *list, const char *text) {
    return curl.slist_append((struct curl_slist *)list, text);
}

void skein_curl_list_free(void *list) { curl.slist_free_all((struct curl_slist *)list); }

void *skein_curl_multi_make(void) { return curl.multi_init(); }

void skein_curl_multi_free(void *multi) { curl.multi_cleanup((CURLM *)multi); }

int skein_curl_multi_set_long(void *multi, int option, long value) {
    return (int)curl.multi_setopt((CURLM *)multi, (CURLMoption)option, value);
}

int skein_curl_multi_add(void *multi, void *handle) {
    return (int)curl.multi_add_handle((CURLM *)multi, (CURL *)handle);
}

void skein_curl_multi_remove(void *multi, void *handle) { curl.multi_remove_handle((CURLM *)multi, (CURL *)handle); }

int skein_curl_multi_perform(void *multi) {
    int count;
    return (int)curl.multi_perform((CURLM *)multi, &count);
}

int skein_curl_multi_wait(void *multi, int milliseconds) {
    return (int)curl.multi_poll((CURLM *)multi, NULL, 0, milliseconds, NULL);
}

void skein_curl_multi_wake(void *multi) { curl.multi_wakeup((CURLM *)multi); }

void *skein_curl_multi_next_done(void *multi, int *outcome) {
    int left;
    CURLMsg *message;
    while ((message = curl.multi_info_read((CURLM *)multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *outcome = (int)message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

const char *skein_curl_multi_error_text(int outcome) { return curl.multi_strerror((CURLMcode)outcome); }
