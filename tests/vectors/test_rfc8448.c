/* test_rfc8448.c: the recorded connections of RFC 8448, replayed as client and as server, byte for
 * byte: every record, every secret, with the private keys of the RFC as randomness.
 *
 * What the RFC's peers chose to say in their hellos and extensions is theirs; it takes the place of
 * what this engine would say. All that follows from it (keys, records, transcript, Certificate,
 * CertificateVerify's content, Finished) is computed. Its certificates have RSA keys of 1,024 bits
 * and are long past: nobody verifies them here, and the signatures are the recorded ones. */
#include "support/vectors.h"

#include "base/bytes.h"
#include "crypto/hkdf.h"
#include "crypto/lookup.h"
#include "handshake/handshake.h"
#include <handfast/handfast.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static vectors v;

/* One section: whose record is which, in order, and who speaks in what group. */
typedef struct section {
    const char *name, *owners;
    const char *server_groups;
    unsigned server_key; /* which of the section's private keys is the server's */
    bool mutual, resumed;
} section;

static const section sections[] = {
    {"Simple 1-RTT Handshake", "csscscscs", "X25519", 1, false, false},
    {"Resumed 0-RTT Handshake", "ccsscccscs", "X25519", 1, false, true},
    {"HelloRetryRequest", "cscssccs", "P-256", 2, false, false},
    {"Client Authentication", "cssccs", "X25519", 1, true, false},
    {"Compatibility Mode", "cssscccs", "X25519", 1, false, false},
};
static const section *now;

/* The nth item of a name in the section at hand; {NULL, 0} when there is none. */
static hf_bytes item(const char *name, unsigned nth)
{
    size_t i;
    const json_t *entry;
    json_array_foreach (v.root, i, entry)
        if (strcmp(vectors_text(entry, "sec"), now->name) == 0 &&
            strcmp(vectors_text(entry, "name"), name) == 0 && nth-- == 0)
            return vectors_hex(&v, entry, "hex");
    return (hf_bytes){NULL, 0};
}

/* A message's body, without its header of four bytes. */
static hf_bytes body(const char *name, unsigned nth)
{
    hf_bytes message = item(name, nth);
    assert_true(message.n >= 4);
    return (hf_bytes){message.p + 4, message.n - 4};
}

/* The secret that was expanded with a label. */
static hf_bytes secret(const char *label)
{
    size_t i;
    const json_t *entry;
    bool found = false;
    json_array_foreach (v.root, i, entry) {
        const char *name = vectors_text(entry, "name");
        if (strcmp(vectors_text(entry, "sec"), now->name) != 0)
            continue;
        if (found && strcmp(name, "expanded") == 0)
            return vectors_hex(&v, entry, "hex");
        if (strcmp(name, "info") == 0) {
            hf_bytes info = vectors_hex(&v, entry, "hex");
            found =
                info.p[2] == strlen(label) + 6 && memcmp(info.p + 3 + 6, label, strlen(label)) == 0;
        }
    }
    return (hf_bytes){NULL, 0};
}

/* ---- what the peers of the RFC said ---- */

/* The resumed hello, all but its binder, which is this side's to compute. */
static hf_status build_resumed_hello(hf_handshake *hs, hf_writer *w)
{
    static uint8_t hello[512];
    hf_reader r;
    hf_bytes whole = item("payload", 0);
    assert_int_equal(whole.n, sizeof(hello));
    memcpy(hello, whole.p, whole.n);
    memset(hello + whole.n - 32, 0, 32);
    hf_reader_init(&r, (hf_bytes){hello + 4, sizeof(hello) - 4}, NULL);
    assert_int_equal(hf_c13_offer_psk(hs), HF_OK);
    assert_true(hf_client_hello_parse(&r, &hs->hello));
    memcpy(hs->client_random, hs->hello.random.p, HF_RANDOM_LEN);
    hf_c13_offer_early(hs);
    size_t at = w->n;
    hf_write_bytes(w, (hf_bytes){hello + 4, sizeof(hello) - 4});
    hf_c13_bind_psk(hs, w, at);
    return HF_OK;
}

static hf_status build_hello(hf_handshake *hs, hf_writer *w)
{
    if (now->resumed)
        return build_resumed_hello(hs, w);
    hf_reader r;
    hf_bytes hello = body("ClientHello", (hs->facts & HF_F_RETRY) != 0);
    hf_reader_init(&r, hello, NULL);
    assert_true(hf_client_hello_parse(&r, &hs->hello));
    memcpy(hs->client_random, hs->hello.random.p, HF_RANDOM_LEN);
    hs->session_id_len = (uint8_t)hs->hello.legacy_session_id.n;
    hf_copy(hs->session_id, hs->hello.legacy_session_id.p, hs->session_id_len);
    /* the share that was made is the one that was recorded */
    hf_bytes public_key = item("public key", (hs->facts & HF_F_RETRY) != 0);
    assert_int_equal(hs->shares[0].group->client_share_len, public_key.n);
    assert_memory_equal(hs->shares[0].public_share, public_key.p, public_key.n);
    hf_write_bytes(w, hello);
    return HF_OK;
}

static hf_status build_retry(hf_handshake *hs, hf_writer *w)
{
    hf_reader r;
    hf_server_hello m;
    if (hs->retry_group == NULL)
        return HF_SKIP;
    hf_bytes retry = body("ServerHello", 0);
    hf_reader_init(&r, retry, NULL);
    assert_true(hf_server_hello_parse(&r, &m));
    hs->cookie = m.extensions.cookie;
    hs->conn->hello_retry = true;
    hf_transcript_retry(&hs->transcript);
    hf_write_bytes(w, retry);
    return HF_OK;
}

static hf_status build_server_hello(hf_handshake *hs, hf_writer *w)
{
    hf_bytes public_key = item("public key", now->server_key);
    assert_int_equal(hs->group->server_share_len, public_key.n);
    assert_memory_equal(hs->own_share, public_key.p, public_key.n);
    hf_write_bytes(w, body("ServerHello", (hs->facts & HF_F_RETRY) != 0));
    return HF_OK;
}

static hf_status build_extensions(hf_handshake *hs, hf_writer *w)
{
    (void)hs;
    hf_write_bytes(w, body("EncryptedExtensions", 0));
    return HF_OK;
}

static hf_status build_request(hf_handshake *hs, hf_writer *w)
{
    (void)hs;
    if (!now->mutual)
        return HF_SKIP;
    hf_write_bytes(w, body("CertificateRequest", 0));
    return HF_OK;
}

static hf_row rows[64];

static void take_their_words(hf_conn *c)
{
    memcpy(rows, hf_table13, hf_table13_rows * sizeof(rows[0]));
    for (size_t i = 0; i < hf_table13_rows; i++) {
        switch (rows[i].message) {
        case HF_MSG_CLIENT_HELLO:
            rows[i].build = build_hello;
            break;
        case HF_MSG_HELLO_RETRY_REQUEST:
            rows[i].build = build_retry;
            break;
        case HF_MSG_SERVER_HELLO:
            rows[i].build = build_server_hello;
            break;
        case HF_MSG_ENCRYPTED_EXTENSIONS:
            rows[i].build = build_extensions;
            break;
        case HF_MSG_CERTIFICATE_REQUEST:
            rows[i].build = build_request;
            break;
        default:
            break;
        }
    }
    c->hs->table = rows;
}

/* ---- randomness, signatures, secrets ---- */

typedef struct drawn {
    hf_bytes keys[2];
    size_t at;
} drawn;

static hf_status draw(void *ctx, uint8_t *p, size_t n)
{
    drawn *d = ctx;
    if (n == 4) { /* what would hide the age of a ticket that is not given */
        memset(p, 0, n);
        return HF_OK;
    }
    assert_true(d->at < 2 && d->keys[d->at].n == n);
    memcpy(p, d->keys[d->at++].p, n);
    return HF_OK;
}

/* The recorded CertificateVerify: scheme, length, signature. */
static hf_status sign(void *ctx, const hf_sigscheme *scheme, hf_bytes message, uint8_t *signature,
                      size_t *n)
{
    const hf_bytes *verify = ctx;
    assert_int_equal(scheme->id, verify->p[0] << 8 | verify->p[1]);
    assert_true(message.n == 64 + 33 + 1 + 32);
    *n = verify->n - 4;
    memcpy(signature, verify->p + 4, *n);
    return HF_OK;
}

static hf_identity *recorded_identity(unsigned nth, hf_bytes *verify)
{
    hf_identity *identity;
    hf_key *key;
    hf_cert cert;
    hf_signer signer = {verify, sign, NULL};
    hf_bytes list = body("Certificate", nth), der;
    *verify = body("CertificateVerify", nth);
    der = (hf_bytes){list.p + 7, (size_t)list.p[4] << 16 | (size_t)list.p[5] << 8 | list.p[6]};
    assert_int_equal(hf_cert_parse(der, &cert, NULL), HF_OK);
    assert_int_equal(hf_key_new_external(cert.spki, &signer, &key, NULL), HF_OK);
    assert_int_equal(hf_identity_new(der, key, &identity, NULL), HF_OK);
    hf_key_free(key);
    return identity;
}

static unsigned secrets_compared;

static void compare_secret(void *ctx, const hf_conn *conn, const hf_event *e)
{
    static const char *const names[][2] = {
        {"CLIENT_EARLY_TRAFFIC_SECRET", "c e traffic"},
        {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "c hs traffic"},
        {"SERVER_HANDSHAKE_TRAFFIC_SECRET", "s hs traffic"},
        {"CLIENT_TRAFFIC_SECRET_0", "c ap traffic"},
        {"SERVER_TRAFFIC_SECRET_0", "s ap traffic"},
        {"EXPORTER_SECRET", "exp master"},
    };
    (void)ctx;
    (void)conn;
    for (size_t i = 0; e->kind == HF_TRACE_SECRET && i < 6; i++) {
        if (strcmp(e->secret.name, names[i][0]) != 0)
            continue;
        hf_bytes wanted = secret(names[i][1]);
        assert_int_equal(e->secret.bytes.n, wanted.n);
        assert_memory_equal(e->secret.bytes.p, wanted.p, wanted.n);
        secrets_compared++;
    }
}

/* ---- the session that the first connection gave ---- */

#define EARLY_BYTES 1024U /* as its ticket says */

static const section *const before = &sections[0];

/* The same on both sides, but for what each binds it to. */
static void describe_session(const hf_config *cfg, hf_bytes certificate, hf_session *s)
{
    hf_bytes psk = item("IKM", 0);
    now = before;
    hf_bytes ticket = item("payload", 4);
    now = before + 1;
    assert_int_equal(ticket.p[0], HF_MSG_NEW_SESSION_TICKET);
    hf_reader r;
    hf_new_session_ticket m;
    hf_reader_init(&r, (hf_bytes){ticket.p + 4, ticket.n - 4}, NULL);
    assert_true(hf_new_session_ticket_parse(&r, &m));
    assert_int_equal(m.extensions.max_early_data_size, EARLY_BYTES);
    *s = (hf_session){.version = HF_TLS_1_3,
                      .suite = 0x1301,
                      .secret_len = (uint8_t)psk.n,
                      .lifetime_s = m.ticket_lifetime_s,
                      .age_add = m.ticket_age_add,
                      .max_early_data = EARLY_BYTES,
                      .generation = cfg->session_generation,
                      .ticket = m.ticket,
                      .server_name = hf_bytes_text("server")};
    s->began_ms = s->created_ms = cfg->provider.now_s(cfg->provider.ctx) * 1000;
    memcpy(s->secret, psk.p, psk.n);
    if (certificate.p != NULL)
        hf_hash_of(hf_hash_find(hf_provider_default(), 4), &certificate, 1, s->own_identity);
}

static void seal_none(void *ctx, hf_conn *conn, hf_bytes state, hf_ticket_call *call)
{
    (void)ctx, (void)conn, (void)state;
    assert_int_equal(hf_ticket_sealed(call, (hf_bytes){NULL, 0}), HF_OK);
}

static void open_recorded(void *ctx, hf_conn *conn, hf_bytes ticket, hf_ticket_call *call)
{
    hf_buf state = {0};
    hf_session s;
    describe_session(conn->cfg, *(const hf_bytes *)ctx, &s);
    assert_true(hf_bytes_equal(ticket, s.ticket));
    s.ticket = (hf_bytes){NULL, 0};
    assert_int_equal(hf_session_encode(&s, &state), HF_OK);
    assert_int_equal(hf_ticket_opened(call, hf_buf_bytes(&state), false), HF_OK);
    hf_buf_free(&state);
}

/* ---- one side ---- */

typedef struct side {
    hf_config *cfg;
    hf_conn *conn;
    drawn drawn;
    hf_identity *identity;
    hf_bytes verify, certificate;
} side;

static void resume_early(side *s)
{
    hf_buf bytes = {0};
    hf_session session;
    size_t taken;
    hf_bytes early = item("payload", 1);
    describe_session(s->cfg, (hf_bytes){NULL, 0}, &session);
    assert_int_equal(hf_session_encode(&session, &bytes), HF_OK);
    assert_int_equal(hf_conn_resume(s->conn, hf_buf_bytes(&bytes)), HF_OK);
    hf_buf_free(&bytes);
    assert_int_equal(hf_write_early(s->conn, early.p, early.n, &taken), HF_OK);
    assert_int_equal(taken, early.n);
}

/* A server that resumes has the certificate of the connection before. */
static void configure_resumption(side *s, bool client)
{
    hf_config_early_data(s->cfg, EARLY_BYTES);
    if (client)
        return;
    const hf_ticket_sealer sealer = {seal_none, open_recorded, &s->certificate};
    hf_config_tickets(s->cfg, 1);
    hf_config_ticket_sealer(s->cfg, &sealer);
}

static void start(side *s, bool client)
{
    static const hf_trace trace = {compare_secret, NULL, true};
    const section *section_now = now;
    memset(s, 0, sizeof(*s));
    assert_int_equal(hf_config_new(client ? HF_CLIENT : HF_SERVER, &s->cfg), HF_OK);
    hf_config_tickets(s->cfg, 0); /* the recorded ones are not made again */
    hf_config_insecure_no_verification(s->cfg);
    hf_config_random(s->cfg, draw, &s->drawn);
    hf_config_trace(s->cfg, &trace);
    hf_config_groups(s->cfg, client ? "X25519:P-256:P-384:P-521" : now->server_groups);
    hf_config_key_shares(s->cfg, 1);
    hf_config_sigschemes(s->cfg, "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256");
    hf_config_record_size_limit(s->cfg, 16385);
    if (client) {
        s->drawn.keys[0] = item("private key", 0);
        s->drawn.keys[1] = item("private key", 1); /* of the second hello, where there is one */
    } else {
        s->drawn.keys[0] = item("private key", now->server_key);
    }
    if (!client || now->mutual) {
        now = section_now->resumed ? before : section_now;
        s->identity = recorded_identity(client ? 1 : 0, &s->verify);
        now = section_now;
        s->certificate = hf_identity_cert(s->identity, 0)->der;
        hf_config_add_identity(s->cfg, s->identity);
    }
    if (!client && now->mutual)
        hf_config_client_auth(s->cfg, HF_CLIENT_AUTH_REQUIRED);
    if (now->resumed)
        configure_resumption(s, client);
    assert_int_equal(hf_config_freeze(s->cfg, NULL), HF_OK);
    if (client)
        assert_int_equal(hf_client_new(s->cfg, "server", &s->conn), HF_OK);
    else
        assert_int_equal(hf_server_new(s->cfg, &s->conn), HF_OK);
    take_their_words(s->conn);
    if (now->resumed && client)
        resume_early(s);
}

static void step(side *s)
{
    hf_error e;
    char text[1024];
    if (hf_step(s->conn) >= 0)
        return;
    hf_conn_error(s->conn, &e);
    hf_error_format(&e, text, sizeof(text));
    fail_msg("%s: %s", now->name, text);
}

/* What this side does by its own will after the handshake: the payload says which it was. */
static void act(side *s, hf_bytes payload)
{
    size_t taken;
    if (payload.n == 2)
        assert_int_equal(hf_close(s->conn), HF_OK);
    else if (payload.p[0] == HF_MSG_NEW_SESSION_TICKET)
        assert_int_equal(hf_channel_send(&s->conn->channel, HF_CONTENT_HANDSHAKE, payload), HF_OK);
    else
        assert_int_equal(hf_write(s->conn, payload.p, payload.n, &taken), HF_OK);
}

/* This side must say the record; an unprotected ClientHello's record may name an older version. */
static void say(side *s, hf_bytes record, hf_bytes payload, bool first)
{
    if (hf_out(s->conn).n == 0)
        act(s, payload);
    hf_bytes out = hf_out(s->conn);
    assert_true(out.n >= record.n);
    assert_int_equal(out.p[0], record.p[0]);
    size_t from = first ? 3 : 1;
    assert_memory_equal(out.p + from, record.p + from, record.n - from);
    hf_out_consumed(s->conn, record.n);
}

static void hear(side *s, hf_bytes record, hf_bytes payload)
{
    size_t used;
    assert_int_equal(hf_feed(s->conn, record.p, record.n, &used), HF_OK);
    assert_int_equal(used, record.n);
    step(s);
    hf_bytes data = hf_readable(s->conn);
    if (data.n == 0)
        return;
    assert_int_equal(data.n, payload.n);
    assert_memory_equal(data.p, payload.p, data.n);
    hf_read_consumed(s->conn, data.n);
}

static void replay(bool client)
{
    side s;
    start(&s, client);
    secrets_compared = 0;
    step(&s);
    for (unsigned i = 0; now->owners[i] != '\0'; i++) {
        hf_bytes record = item("complete record", i), payload = item("payload", i);
        assert_non_null(record.p);
        if ((now->owners[i] == 'c') == client)
            say(&s, record, payload, i == 0);
        else
            hear(&s, record, payload);
    }
    assert_null(item("complete record", (unsigned)strlen(now->owners)).p);
    step(&s);
    assert_int_equal(hf_out(s.conn).n, 0);
    assert_true((hf_step(s.conn) & HF_CLOSED) != 0);
    assert_int_equal(secrets_compared, now->resumed ? 6 : 5);
    hf_conn_free(s.conn);
    hf_identity_free(s.identity);
    hf_config_free(s.cfg);
}

static void connections_are_replayed(bool client)
{
    vectors_open(&v, "rfc/rfc8448.json", 5);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        now = &sections[i];
        replay(client);
        v.run++;
    }
    vectors_close(&v, 5, 5);
}

static void recorded_connections_are_replayed_as_client(void **state)
{
    (void)state;
    connections_are_replayed(true);
}

static void recorded_connections_are_replayed_as_server(void **state)
{
    (void)state;
    connections_are_replayed(false);
}

/* ---- the key schedule of all five, early secrets and binders included ---- */

typedef struct derivation {
    hf_bytes salt, ikm, prk, info;
} derivation;

static void compare_expanded(const derivation *d, hf_bytes wanted)
{
    uint8_t out[HF_HASH_MAX_DIGEST];
    char label[64];
    hf_hmac_key key;
    size_t n = d->info.p[2];
    assert_true(n > 6 && n < sizeof(label));
    assert_memory_equal(d->info.p + 3, "tls13 ", 6);
    memcpy(label, d->info.p + 9, n - 6);
    label[n - 6] = '\0';
    hf_bytes context = {d->info.p + 3 + n + 1, d->info.p[3 + n]};
    assert_int_equal(d->info.p[0] << 8 | d->info.p[1], wanted.n);
    hf_hmac_key_init(&key, hf_hash_find(hf_provider_default(), 4), d->prk);
    hf_hkdf_expand_label(&key, label, context, out, wanted.n);
    assert_memory_equal(out, wanted.p, wanted.n);
    v.run++;
}

static void compare_extracted(const derivation *d, hf_bytes wanted)
{
    uint8_t out[HF_HASH_MAX_DIGEST];
    hf_hkdf_extract(hf_hash_find(hf_provider_default(), 4), d->salt, d->ikm, out);
    assert_memory_equal(out, wanted.p, wanted.n);
    v.run++;
}

static void every_derivation_is_computed(void **state)
{
    (void)state;
    derivation d = {0};
    size_t i;
    const json_t *entry;
    vectors_open(&v, "rfc/rfc8448.json", 116);
    json_array_foreach (v.root, i, entry) {
        const char *name = vectors_text(entry, "name");
        hf_bytes bytes = vectors_hex(&v, entry, "hex");
        if (strcmp(name, "salt") == 0)
            d.salt = bytes;
        else if (strcmp(name, "IKM") == 0)
            d.ikm = bytes;
        else if (strcmp(name, "PRK") == 0)
            d.prk = bytes;
        else if (strstr(name, "info") != NULL)
            d.info = bytes;
        else if (strstr(name, "expanded") != NULL)
            compare_expanded(&d, bytes);
        else if (strcmp(name, "secret") == 0) {
            compare_extracted(&d, bytes);
            d.salt = (hf_bytes){NULL, 0};
        }
    }
    vectors_close(&v, 116, 116);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_connections_are_replayed_as_client),
        cmocka_unit_test(recorded_connections_are_replayed_as_server),
        cmocka_unit_test(every_derivation_is_computed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
