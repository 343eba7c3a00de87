/* connection.h: what fuzz_client.c and fuzz_server.c share: a world in which nothing is left to
 * chance, and a connection driven through any input. */
#ifndef HF_FUZZ_CONNECTION_H
#define HF_FUZZ_CONNECTION_H

#include <handfast/handfast.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HF_FUZZ_NOW_S INT64_C(1750000000) /* June 2025 */

static inline void hf_fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

/* Setting up must work: a fuzzer that cannot begin should say so, not pass. */
static inline void hf_fuzz_must(hf_status s, const char *what)
{
    if (s == HF_OK)
        return;
    fprintf(stderr, "fuzz: %s: %s\n", what, hf_error_sentence(s));
    abort();
}

/* ---- randomness and time ---- */

static uint64_t hf_fuzz_random_state;

static inline hf_status hf_fuzz_random(void *ctx, uint8_t *p, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        hf_fuzz_random_state ^= hf_fuzz_random_state << 13;
        hf_fuzz_random_state ^= hf_fuzz_random_state >> 7;
        hf_fuzz_random_state ^= hf_fuzz_random_state << 17;
        p[i] = (uint8_t)(hf_fuzz_random_state >> 24);
    }
    return HF_OK;
}

static inline int64_t hf_fuzz_now(void *ctx)
{
    (void)ctx;
    return HF_FUZZ_NOW_S;
}

/* ---- an identity, made once a process, and a store that trusts it ---- */

static inline void hf_fuzz_make_identity(hf_identity **identity, hf_store **store)
{
    static const char *const names[] = {"localhost", NULL};
    const hf_cert_template t = {.subject = "CN=localhost",
                                .names = names,
                                .not_before_s = HF_FUZZ_NOW_S - 86400,
                                .not_after_s = HF_FUZZ_NOW_S + 86400,
                                .path_len = -1,
                                .server = true,
                                .client = true};
    hf_key *key = NULL;
    hf_bytes der;
    hf_fuzz_must(hf_key_generate(HF_KEY_P256, 0, &key, NULL), "making a key");
    hf_fuzz_must(hf_cert_issue(&t, hf_key_public(key), NULL, key, &der, NULL),
                 "making a certificate");
    hf_fuzz_must(hf_identity_new(der, key, identity, NULL), "making an identity");
    hf_fuzz_must(hf_store_new(store), "making a store");
    hf_fuzz_must(hf_store_add(*store, der, NULL, NULL), "trusting the certificate");
    hf_der_free(der);
    hf_key_free(key);
}

/* Events are looked at so that what they point to is read under a sanitizer. */
static inline void hf_fuzz_on_event(void *ctx, const hf_conn *conn, const hf_event *event)
{
    size_t *sum = ctx;
    (void)conn;
    if (event->kind == HF_TRACE_FIELD && event->field.data != NULL && event->field.length != 0)
        *sum += event->field.data[0] + (size_t)event->field.data[event->field.length - 1];
    if (event->kind == HF_TRACE_FIELD && event->field.name != NULL)
        *sum += strlen(event->field.name);
    if (event->kind == HF_TRACE_MESSAGE && event->message.bytes.n != 0)
        *sum += event->message.bytes.p[event->message.bytes.n - 1];
    if (event->kind == HF_TRACE_ERROR)
        *sum += (size_t)-event->error->code;
}

/* Settings that both roles share; `traced` and the limits differ from config to config. */
static inline void hf_fuzz_settle(hf_config *cfg, bool traced)
{
    static size_t sum;
    const hf_trace trace = {.event = hf_fuzz_on_event, .ctx = &sum, .secrets = true};
    hf_fuzz_must(hf_config_random(cfg, hf_fuzz_random, NULL), "setting randomness");
    hf_fuzz_must(hf_config_clock(cfg, hf_fuzz_now, NULL), "setting the clock");
    hf_fuzz_must(hf_config_alpn(cfg, "h2,http/1.1"), "setting ALPN");
    if (traced)
        hf_fuzz_must(hf_config_trace(cfg, &trace), "setting the trace");
    hf_fuzz_must(hf_config_freeze(cfg, NULL), "freezing the config");
}

/* ---- driving ---- */

static inline size_t hf_fuzz_drain(hf_conn *c)
{
    size_t drained = 0;
    for (hf_bytes out = hf_out(c); out.n != 0; out = hf_out(c)) {
        size_t n = out.n > 1000 ? 1000 : out.n; /* a slow network takes it in pieces */
        hf_out_consumed(c, n);
        drained += n;
    }
    return drained;
}

/* A failed connection stays failed, with a story that fits its text. */
static inline void hf_fuzz_check_failure(hf_conn *c, int flags)
{
    hf_error e = {0};
    char text[1024];
    size_t got = 1;
    hf_conn_error(c, &e);
    hf_fuzz_claim(e.code == flags);
    hf_fuzz_claim(hf_error_format(&e, text, sizeof(text)) < sizeof(text) && text[0] != '\0');
    hf_fuzz_claim(strcmp(hf_error_name(e.code), "UNKNOWN") != 0);
    hf_fuzz_drain(c);
    hf_fuzz_claim(hf_step(c) == flags);
    hf_fuzz_claim(hf_write(c, "x", 1, &got) != HF_OK);
}

/* Steps and takes what comes out; the flags, or the code of the failure. *moved says whether
 * anything did. */
static inline int hf_fuzz_turn(hf_conn *c, bool *moved)
{
    uint8_t plain[512];
    size_t got = 0;
    int flags = hf_step(c);
    *moved = hf_fuzz_drain(c) != 0;
    if (flags < 0)
        return flags;
    while (hf_read(c, plain, sizeof(plain), &got) == HF_OK && got != 0)
        *moved = true;
    if ((flags & HF_ESTABLISHED) != 0) {
        size_t taken = 0;
        hf_write(c, "hello", 5, &taken);
        hf_key_update(c, true);
        hf_fuzz_drain(c);
    }
    hf_info info;
    hf_conn_info(c, &info);
    return flags;
}

/* Feeds all of `data`, in pieces whose size comes from the input's own. */
static inline void hf_fuzz_drive(hf_conn *c, const uint8_t *data, size_t size)
{
    size_t piece = size % 3 == 0 ? 1 + size % 97 : size + 1, stuck = 0;
    bool moved;
    int flags = hf_fuzz_turn(c, &moved);
    while (flags >= 0 && size != 0 && (flags & (HF_PEER_CLOSED | HF_CLOSED)) == 0) {
        size_t used = 0, n = size < piece ? size : piece;
        if (hf_feed(c, data, n, &used) != HF_OK)
            break;
        hf_fuzz_claim(used <= n);
        data += used;
        size -= used;
        flags = hf_fuzz_turn(c, &moved);
        stuck = used == 0 && !moved ? stuck + 1 : 0;
        hf_fuzz_claim(stuck < 8); /* input that is neither taken nor refused */
    }
    if (flags >= 0) {
        hf_feed_end(c);
        flags = hf_fuzz_turn(c, &moved);
    }
    if (flags < 0)
        hf_fuzz_check_failure(c, flags);
    hf_close(c);
    hf_fuzz_drain(c);
    hf_conn_free(c);
}

#endif
