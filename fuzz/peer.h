/* peer.h: what the targets of one version and one role share: a peer that plays along, and whose
 * messages the input changes before they are hashed and sealed. So its Finished, its signatures and
 * its keys are right for what it said, and the input reaches the messages under encryption.
 *
 * The input: one byte for the scene (its low three bits; the fourth: a client's binder is made anew
 * for the hello as it was changed), then steps. A step is one byte, what to
 * do (three bits) and with which of the peer's messages (five bits, 0 is the first), then what that
 * needs:
 *
 *   0 change  at:2 n:1 bytes      over the body's bytes from `at`
 *   1 insert  at:2 n:1 bytes      into the body
 *   2 delete  at:2 n:1            from the body
 *   3 cut     n:2                 the body to n bytes
 *   4 leave out
 *   5 message type:1 n:2 bytes    before it, as a record of its own, hashed and sealed
 *   6 record  type:1 n:2 bytes    before it, sealed with the keys in use
 *   7 raw     n:2 bytes           before it, onto the wire as it is
 *
 * Messages from 24 on stand for the time after the handshake: 5 to 7 as above, 0 updates the peer's
 * keys, 1 sends data, 2 closes, 3 updates the other side's keys, 4 lets both rest.
 *
 * An input that begins as a record does (20 to 23), or as a hello of SSL 2.0, is fed as it is, with
 * no peer. Nothing else is left to chance: keys, certificate, clock and randomness are the same in
 * each run. */
#ifndef HF_FUZZ_PEER_H
#define HF_FUZZ_PEER_H

#include "connection.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "handshake/handshake.h"
#include "session/sessions.h"

#define HF_PEER_SCENES 8U
#define HF_PEER_AFTER  24U /* "messages" from here on are after the handshake */

/* One world for each process: the target says which version, and which side is looked at. */
typedef struct hf_peer_world {
    uint16_t version;
    hf_role victim;
    hf_config *client[HF_PEER_SCENES], *server[HF_PEER_SCENES];
    hf_buf session[HF_PEER_SCENES]; /* to resume; empty where the scene does not */
    hf_buf id, state;               /* TLS 1.2: what the server knows it by in scene 2 */
    hf_buf given;                   /* the last session that a client was given */

    /* the present run */
    hf_conn *peer;
    hf_bytes steps;
    unsigned message; /* of the peer's: the next to be built */
    hf_row rows13[64], rows12[64];
    hf_job *job;     /* of the peer's, that waits: between jobs its table is changed */
    hf_hello *hello; /* the same for a server's question */
    bool rebinds;    /* the hello's binder is made for what the steps left of it */
    uint64_t said;   /* FNV-1a of all that went over the wire */
} hf_peer_world;

static hf_peer_world world;

/* ---- the same identity each time ---- */

/* Ed25519: its signatures have no randomness of their own. RFC 8410 section 7. */
static inline hf_key *hf_peer_key(void)
{
    uint8_t der[48] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    hf_key *key = NULL;
    memset(der + 16, 0x42, 32);
    hf_fuzz_must(hf_key_read((hf_bytes){der, sizeof(der)}, NULL, &key, NULL), "reading the key");
    return key;
}

static inline void hf_peer_make_identity(hf_identity **identity, hf_store **store)
{
    static const char *const names[] = {"localhost", NULL};
    hf_cert_template t = {.subject = "CN=localhost",
                          .names = names,
                          .not_before_s = HF_FUZZ_NOW_S - 86400,
                          .not_after_s = HF_FUZZ_NOW_S + 86400,
                          .path_len = -1,
                          .server = true,
                          .client = true,
                          .serial = {1}};
    hf_key *key = hf_peer_key();
    hf_bytes der;
    hf_fuzz_must(hf_cert_issue(&t, hf_key_public(key), NULL, key, &der, NULL),
                 "making a certificate");
    hf_fuzz_must(hf_identity_new(der, key, identity, NULL), "making an identity");
    hf_fuzz_must(hf_store_new(store), "making a store");
    hf_fuzz_must(hf_store_add(*store, der, NULL, NULL), "trusting the certificate");
    hf_der_free(der);
    hf_key_free(key);
}

/* ---- steps ---- */

typedef struct hf_peer_step {
    unsigned what, which, at;
    uint8_t type;
    hf_bytes bytes;
} hf_peer_step;

static inline unsigned hf_peer_take(hf_bytes *rest, unsigned bytes)
{
    unsigned v = 0;
    while (bytes-- != 0) {
        v = v << 8 | (rest->n != 0 ? rest->p[0] : 0);
        if (rest->n != 0)
            *rest = (hf_bytes){rest->p + 1, rest->n - 1};
    }
    return v;
}

static inline hf_bytes hf_peer_take_bytes(hf_bytes *rest, size_t n)
{
    hf_bytes bytes = {rest->p, n < rest->n ? n : rest->n};
    *rest = (hf_bytes){rest->p + bytes.n, rest->n - bytes.n};
    return bytes;
}

/* False at the end of the input. */
static inline bool hf_peer_next(hf_bytes *rest, hf_peer_step *s)
{
    if (rest->n == 0)
        return false;
    unsigned head = hf_peer_take(rest, 1);
    *s = (hf_peer_step){.what = head >> 5, .which = head & 31};
    if (s->what <= 2) {
        s->at = hf_peer_take(rest, 2);
        unsigned n = hf_peer_take(rest, 1);
        if (s->what == 2)
            s->bytes.n = n;
        else
            s->bytes = hf_peer_take_bytes(rest, n);
    } else if (s->what == 3) {
        s->at = hf_peer_take(rest, 2);
    } else if (s->what >= 5) {
        if (s->what != 7)
            s->type = (uint8_t)hf_peer_take(rest, 1);
        s->bytes = hf_peer_take_bytes(rest, hf_peer_take(rest, 2));
    }
    return true;
}

/* ---- the peer's messages, changed ---- */

static inline void hf_peer_splice(hf_buf *body, size_t at, size_t out, hf_bytes in)
{
    hf_buf spliced = {0};
    at = at < body->n ? at : body->n;
    out = out < body->n - at ? out : body->n - at;
    if (hf_buf_append(&spliced, (hf_bytes){body->p, at}) == HF_OK &&
        hf_buf_append(&spliced, in) == HF_OK)
        hf_buf_append(&spliced,
                      hf_bytes_of(body->n != 0 ? body->p + at + out : NULL, body->n - at - out));
    hf_buf_free(body);
    *body = spliced;
}

/* A message of the input's, hashed as if the peer had meant it. */
static inline void hf_peer_send_message(hf_conn *peer, uint8_t type, hf_bytes body)
{
    hf_buf message = {0};
    const uint8_t header[] = {type, 0, (uint8_t)(body.n >> 8), (uint8_t)body.n};
    if (hf_buf_append(&message, (hf_bytes){header, sizeof(header)}) == HF_OK &&
        hf_buf_append(&message, body) == HF_OK) {
        if (peer->hs != NULL)
            hf_transcript_add(&peer->hs->transcript, hf_buf_bytes(&message));
        hf_channel_send(&peer->channel, HF_CONTENT_HANDSHAKE, hf_buf_bytes(&message));
    }
    hf_buf_free(&message);
}

static inline void hf_peer_send(hf_conn *peer, const hf_peer_step *s)
{
    if (s->what == 5)
        hf_peer_send_message(peer, s->type, s->bytes);
    else if (s->what == 6)
        hf_channel_send(&peer->channel, s->type, s->bytes);
    else
        hf_buf_append(&peer->channel.out, s->bytes);
}

static inline bool hf_peer_edit(hf_conn *peer, unsigned message, hf_buf *body)
{
    hf_bytes rest = world.steps;
    hf_peer_step s;
    bool left_out = false;
    while (hf_peer_next(&rest, &s)) {
        if (s.which != message)
            continue;
        if (s.what == 0)
            hf_peer_splice(body, s.at, s.bytes.n, s.bytes);
        else if (s.what == 1)
            hf_peer_splice(body, s.at, 0, s.bytes);
        else if (s.what == 2)
            hf_peer_splice(body, s.at, s.bytes.n, (hf_bytes){NULL, 0});
        else if (s.what == 3)
            hf_peer_splice(body, s.at, body->n, (hf_bytes){NULL, 0});
        else if (s.what == 4)
            left_out = true;
        else
            hf_peer_send(peer, &s);
    }
    return !left_out;
}

/* In place of each row's own `build`. */
static inline hf_status hf_peer_build(hf_handshake *hs, hf_writer *w)
{
    const hf_row *own = hs->table == world.rows13 ? &hf_table13[hs->row] : &hf_table12[hs->row];
    hf_buf body = {0};
    hf_writer inner;
    hf_writer_init_buf(&inner, &body);
    hf_status s = own->build(hs, &inner);
    if (s == HF_OK)
        s = hf_writer_status(&inner);
    if (s == HF_OK && !hf_peer_edit(hs->conn, world.message++, &body))
        s = HF_SKIP;
    if (s == HF_OK)
        hf_write_bytes(w, hf_buf_bytes(&body));
    hf_buf_free(&body);
    return s;
}

/* The client's binders are written into the hello behind it: its body stays where it is. */
static inline hf_status hf_peer_build_hello(hf_handshake *hs, hf_writer *w)
{
    const hf_row *own = hs->table == world.rows13 ? &hf_table13[hs->row] : &hf_table12[hs->row];
    size_t at = w->n;
    hf_status s = own->build(hs, w);
    if (s != HF_OK || hf_writer_status(w) != HF_OK)
        return s;
    hf_buf body = {0};
    if (hf_buf_append(&body, (hf_bytes){w->p + at, w->n - at}) == HF_OK) {
        if (!hf_peer_edit(hs->conn, world.message++, &body))
            s = HF_SKIP;
        w->n = at;
        if (w->grows != NULL)
            w->grows->n = at;
        hf_write_bytes(w, hf_buf_bytes(&body));
        if (world.rebinds && body.n > 2 * HF_HASH_MAX_DIGEST)
            hf_c13_bind_psk(hs, w, at);
    }
    hf_buf_free(&body);
    return s;
}

static inline void hf_peer_copy_table(hf_row *to, const hf_row *from, size_t n, unsigned by)
{
    hf_fuzz_claim(n <= 64);
    memcpy(to, from, n * sizeof(*to));
    for (size_t i = 0; i < n; i++)
        if (from[i].build != NULL && from[i].by == by)
            to[i].build =
                from[i].message == HF_MSG_CLIENT_HELLO ? hf_peer_build_hello : hf_peer_build;
}

static inline void hf_peer_take_over(hf_conn *peer)
{
    if (peer->hs == NULL)
        return;
    if (peer->hs->table == hf_table13)
        peer->hs->table = world.rows13;
    else if (peer->hs->table == hf_table12)
        peer->hs->table = world.rows12;
}

/* ---- configs ---- */

static inline void hf_peer_keep_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&world.given);
    hf_buf_append(&world.given, session);
}

static inline void hf_peer_keep_job(void *ctx, hf_job *job)
{
    (void)ctx;
    world.job = job;
}

static inline void hf_peer_keep_hello(void *ctx, hf_conn *conn, const hf_hello_view *view,
                                      hf_hello *hello)
{
    (void)ctx;
    (void)conn;
    (void)view;
    world.hello = hello;
}

static inline void hf_peer_early_is_new(void *ctx, hf_conn *conn, hf_bytes id, uint32_t keep_s,
                                        hf_early_call *call)
{
    (void)ctx;
    (void)conn;
    (void)id;
    (void)keep_s;
    hf_early_answer(call, true);
}

/* 0 plain; 1 two-way, small limits; 2 retry with a cookie, or by id; 3 resumed; 4 resumed with
 * early data, or without extended master secret; 5 retry without state, resumed, or renewing; 6
 * two-way, compressed, traced; 7 resumed, two-way. */
static inline void hf_peer_configure(unsigned scene, hf_role role, hf_config *cfg,
                                     hf_identity *identity, hf_store *store)
{
    static const hf_limits small = {.handshake_message = 4096, .chain_length = 2, .key_updates = 2};
    bool v13 = world.version == HF_TLS_1_3, server = role == HF_SERVER;
    bool retry = v13 && (scene == 2 || scene == 5);
    bool two_way = scene == 1 || scene == 6 || scene == 7;
    hf_fuzz_must(hf_config_versions(cfg, world.version, world.version), "versions");
    hf_fuzz_must(hf_config_trust(cfg, store), "trust");
    hf_fuzz_must(hf_config_groups(cfg, !retry   ? "X25519"
                                       : server ? "P-256"
                                                : "X25519:P-256"),
                 "groups");
    if (server || two_way)
        hf_fuzz_must(hf_config_add_identity(cfg, identity), "identity");
    if (server && two_way)
        hf_fuzz_must(hf_config_client_auth(cfg, HF_CLIENT_AUTH_REQUIRED), "client_auth");
    if (scene != 6)
        hf_fuzz_must(hf_config_cert_compression(cfg, "none"), "compression");
    if (scene == 1)
        hf_fuzz_must(hf_config_limits(cfg, &small), "limits");
    if (scene == 1)
        hf_fuzz_must(hf_config_record_size_limit(cfg, 512), "record_size_limit");
    if (server)
        hf_fuzz_must(hf_config_retry_cookie(cfg, true), "cookie");
    if (server && v13 && scene == 5)
        hf_fuzz_must(hf_config_stateless_retry(cfg, 30), "stateless retry");
    if (v13 && scene == 4)
        hf_fuzz_must(hf_config_early_data(cfg, 1000), "early data");
    if (v13 && scene == 4 && server)
        hf_fuzz_must(hf_config_early_data_store(cfg, hf_peer_early_is_new, NULL), "store");
    if (!v13 && scene == 4)
        hf_fuzz_must(hf_config_insecure_no_extended_master_secret(cfg), "no EMS");
    if (!v13 && scene == 2 && server) {
        hf_sessions *sessions;
        hf_fuzz_must(hf_sessions_new(64, &sessions), "sessions");
        hf_fuzz_must(hf_config_sessions(cfg, sessions), "sessions");
        hf_fuzz_must(hf_config_tickets(cfg, 0), "no tickets");
        hf_sessions_free(sessions);
    }
    if (!server)
        hf_fuzz_must(hf_config_new_session(cfg, hf_peer_keep_session, NULL), "new_session");
    if (role != world.victim) {
        const hf_executor later = {hf_peer_keep_job, NULL};
        hf_fuzz_must(hf_config_executor(cfg, &later), "executor");
        if (server)
            hf_fuzz_must(hf_config_client_hello(cfg, hf_peer_keep_hello, NULL), "hello");
    }
    hf_fuzz_settle(cfg, scene == 6 || scene == 4);
}

/* ---- a run ---- */

/* What the peer waits for, done, with its table changed first. */
static inline void hf_peer_help(hf_conn *peer, int *flags)
{
    while (*flags >= 0 && (world.job != NULL || world.hello != NULL)) {
        hf_job *job = world.job;
        hf_hello *hello = world.hello;
        world.job = NULL;
        world.hello = NULL;
        hf_peer_take_over(peer);
        if (hello != NULL) {
            hf_hello_go_on(hello, NULL);
        } else {
            hf_job_run(job);
            hf_job_finish(job);
        }
        *flags = hf_step(peer);
    }
}

static inline size_t hf_peer_move(hf_conn *from, hf_conn *to, size_t most)
{
    size_t used = 0;
    hf_bytes out = hf_out(from);
    size_t n = out.n < most ? out.n : most;
    if (n == 0 || hf_feed(to, out.p, n, &used) != HF_OK)
        return 0;
    for (size_t i = 0; i < used; i++)
        world.said = (world.said ^ out.p[i]) * UINT64_C(0x100000001b3);
    hf_out_consumed(from, used);
    return used;
}

static inline size_t hf_peer_read(hf_conn *c)
{
    size_t n = 0;
    for (hf_bytes data = hf_readable(c); data.n != 0; data = hf_readable(c)) {
        n += data.n;
        hf_read_consumed(c, data.n);
        if (hf_step(c) < 0)
            break;
    }
    return n;
}

/* The peer takes the victim's records one by one: behind each its table may be another one. */
static inline size_t hf_peer_listen(hf_conn *victim)
{
    hf_conn *peer = world.peer;
    size_t moved = 0, n;
    do {
        hf_bytes out = hf_out(victim);
        n = hf_peer_move(victim, peer,
                         out.n >= 5 ? 5U + ((size_t)out.p[3] << 8 | out.p[4]) : out.n);
        moved += n;
        hf_peer_take_over(peer);
        int flags = hf_step(peer);
        hf_peer_help(peer, &flags);
        hf_peer_read(peer);
    } while (n != 0);
    return moved;
}

/* Both sides, until nothing moves; the victim's last flags. */
static inline int hf_peer_run(hf_conn *victim)
{
    int flags = hf_step(victim);
    size_t moved, n;
    unsigned turns = 0;
    do {
        moved = hf_peer_listen(victim);
        do {
            n = hf_peer_move(world.peer, victim, SIZE_MAX);
            flags = hf_step(victim);
            if (flags >= 0)
                n += hf_peer_read(victim);
            moved += n;
        } while (n != 0 && flags >= 0);
        hf_fuzz_claim(++turns < 1000);
    } while (moved != 0 && flags >= 0);
    hf_peer_listen(victim); /* its alert */
    return flags;
}

static inline int hf_peer_after(hf_conn *victim)
{
    hf_conn *peer = world.peer;
    hf_bytes rest = world.steps;
    hf_peer_step s;
    size_t taken;
    int flags = hf_step(victim);
    while (flags >= 0 && hf_peer_next(&rest, &s)) {
        if (s.which < HF_PEER_AFTER)
            continue;
        if (s.what == 0)
            hf_key_update(peer, (s.at & 1) != 0);
        else if (s.what == 1)
            hf_write(peer, s.bytes.p, s.bytes.n, &taken);
        else if (s.what == 2)
            hf_close(peer);
        else if (s.what == 3)
            hf_key_update(victim, (s.at & 1) != 0);
        else if (s.what == 4)
            hf_conn_rest(s.which & 1 ? peer : victim);
        else
            hf_peer_send(peer, &s);
        flags = hf_peer_run(victim);
    }
    return flags;
}

/* A victim that is through can do all that it says it can. */
static inline void hf_peer_use(hf_conn *victim)
{
    uint8_t out[32];
    size_t taken;
    hf_info info;
    hf_conn_info(victim, &info);
    hf_fuzz_claim(info.established && info.version == world.version);
    hf_fuzz_claim(hf_export(victim, "fuzz", (hf_bytes){NULL, 0}, out, sizeof(out)) == HF_OK);
    hf_tls_unique(victim, out);
    hf_write(victim, "hello", 5, &taken);
}

static inline void hf_peer_new(unsigned scene, hf_conn **client, hf_conn **server)
{
    hf_fuzz_random_state = UINT64_C(0x9e3779b97f4a7c15);
    hf_sessions *known = world.server[scene]->sessions;
    if (known != NULL && world.id.n != 0) { /* a run that failed made the server forget it */
        hf_sessions_forget(known, hf_buf_bytes(&world.id));
        hf_sessions_put(known, hf_buf_bytes(&world.id), hf_buf_bytes(&world.state));
    }
    world.said = UINT64_C(0xcbf29ce484222325);
    world.message = 0;
    world.job = NULL;
    world.hello = NULL;
    hf_fuzz_must(hf_client_new(world.client[scene], "localhost", client), "a client");
    hf_fuzz_must(hf_server_new(world.server[scene], server), "a server");
    if (world.session[scene].n != 0)
        hf_fuzz_must(hf_conn_resume(*client, hf_buf_bytes(&world.session[scene])), "resuming");
    if (world.session[scene].n != 0 && scene == 4) {
        size_t taken;
        hf_fuzz_must(hf_write_early(*client, "early", 5, &taken), "early data");
    }
    world.peer = world.victim == HF_CLIENT ? *server : *client;
}

/* Both at once; true when the victim got through. */
static inline bool hf_peer_play(unsigned scene, hf_bytes steps)
{
    hf_conn *client, *server;
    world.steps = steps;
    hf_peer_new(scene, &client, &server);
    hf_conn *victim = world.victim == HF_CLIENT ? client : server;
    int flags = hf_peer_run(victim);
    bool through = flags >= 0 && (flags & HF_ESTABLISHED) != 0;
    if (through) {
        hf_peer_use(victim);
        flags = hf_peer_after(victim);
    }
    if (flags >= 0) {
        hf_feed_end(victim);
        flags = hf_step(victim);
        hf_peer_read(victim);
    }
    if (flags < 0)
        hf_fuzz_check_failure(victim, flags);
    hf_conn_free(client);
    hf_conn_free(server);
    return through;
}

/* A peer that changes nothing gets through, and says the same each time, to the last byte. */
static inline void hf_peer_rehearse(unsigned scene)
{
    uint64_t said[2];
    for (size_t i = 0; i < 2; i++) {
        hf_fuzz_claim(hf_peer_play(scene, hf_bytes_text("")));
        hf_fuzz_claim(world.message >= 2);
        said[i] = world.said;
    }
    hf_fuzz_claim(said[0] == said[1]);
}

/* Where the server knows the session by its id. */
static inline void hf_peer_keep_state(unsigned scene)
{
    hf_session s;
    hf_sessions *known = world.server[scene]->sessions;
    if (known == NULL)
        return;
    hf_fuzz_must(hf_session_decode(hf_buf_bytes(&world.session[scene]), &s), "reading a session");
    hf_fuzz_must(hf_buf_append(&world.id, s.session_id), "keeping its id");
    hf_fuzz_claim(hf_sessions_take(known, s.session_id, false, &world.state));
    hf_session_clear(&s);
}

/* Each scene is rehearsed: else nothing behind it is reached. */
static inline void hf_peer_set_up(uint16_t version, hf_role victim)
{
    hf_identity *identity;
    hf_store *store;
    world.version = version;
    world.victim = victim;
    unsigned own = victim == HF_CLIENT ? HF_BY_SERVER : HF_BY_CLIENT;
    hf_peer_copy_table(world.rows13, hf_table13, hf_table13_rows, own);
    hf_peer_copy_table(world.rows12, hf_table12, hf_table12_rows, own);
    hf_peer_make_identity(&identity, &store);
    for (unsigned scene = 0; scene < HF_PEER_SCENES; scene++) {
        hf_fuzz_random_state = UINT64_C(0x9e3779b97f4a7c15);
        hf_fuzz_must(hf_config_new(HF_CLIENT, &world.client[scene]), "a config");
        hf_fuzz_must(hf_config_new(HF_SERVER, &world.server[scene]), "a config");
        hf_peer_configure(scene, HF_CLIENT, world.client[scene], identity, store);
        hf_peer_configure(scene, HF_SERVER, world.server[scene], identity, store);
        hf_buf_clear(&world.given);
        hf_fuzz_claim(hf_peer_play(scene, hf_bytes_text(""))); /* makes the ticket key */
        hf_peer_rehearse(scene);
        bool resumes = scene >= 2 && scene != 6;
        if (!resumes || (version == HF_TLS_1_3 && scene == 2))
            continue;
        hf_fuzz_must(hf_buf_append(&world.session[scene], hf_buf_bytes(&world.given)), "a session");
        hf_fuzz_claim(world.session[scene].n != 0);
        hf_peer_keep_state(scene);
        hf_peer_rehearse(scene);
    }
    hf_identity_free(identity);
    hf_store_free(store);
}

static inline void hf_peer_input(uint16_t version, hf_role victim, const uint8_t *data, size_t size)
{
    if (world.client[0] == NULL)
        hf_peer_set_up(version, victim);
    if (size == 0)
        return;
    if ((data[0] >= 20 && data[0] <= 23) || data[0] >= 0x80) {
        hf_conn *c = NULL;
        unsigned scene = size % HF_PEER_SCENES;
        hf_fuzz_random_state = UINT64_C(0x9e3779b97f4a7c15);
        hf_fuzz_must(victim == HF_CLIENT ? hf_client_new(world.client[scene], "localhost", &c)
                                         : hf_server_new(world.server[scene], &c),
                     "making a connection");
        hf_fuzz_drive(c, data, size);
        return;
    }
    world.rebinds = (data[0] & 8) != 0;
    hf_peer_play(data[0] % HF_PEER_SCENES, (hf_bytes){data + 1, size - 1});
}

#endif
