/* fuzz_ticket.c: sessions and tickets: as bytes a client kept, as what opens under the server's
 * keys and holds anything, as what does not open, and the files of ticket keys. The first byte says
 * which. */
#include "connection.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "session/session.h"
#include "session/ticket.h"

static hf_config *clients[2], *servers[2]; /* TLS 1.3, TLS 1.2 */
static hf_ticket_keys *keys;
static hf_buf given, session[2], state[2]; /* of an honest handshake: the client's, the server's */

static void keep_session(void *ctx, hf_conn *conn, hf_bytes bytes)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&given);
    hf_fuzz_must(hf_buf_append(&given, bytes), "keeping a session");
}

static bool move(hf_conn *from, hf_conn *to)
{
    size_t used = 0;
    hf_bytes out = hf_out(from);
    if (out.n == 0 || hf_feed(to, out.p, out.n, &used) != HF_OK)
        return false;
    hf_out_consumed(from, used);
    return used != 0;
}

/* Both to the end; true when both are through. */
static bool shake_hands(hf_conn *client, hf_conn *server)
{
    int c, s;
    bool moved;
    do {
        c = hf_step(client);
        s = hf_step(server);
        moved = move(client, server);
        moved |= move(server, client);
    } while (moved);
    return c > 0 && s > 0 && (c & HF_ESTABLISHED) != 0 && (s & HF_ESTABLISHED) != 0;
}

/* With a session to resume, where `resume` is not empty: full or resumed, it must come about, or
 * fail as a wrong binder or a wrong end of it does. */
static bool connect_with(size_t v, hf_bytes resume, bool *resumed)
{
    hf_conn *client, *server;
    hf_info info;
    hf_fuzz_random_state = UINT64_C(0x9e3779b97f4a7c15);
    hf_fuzz_must(hf_client_new(clients[v], "localhost", &client), "a client");
    hf_fuzz_must(hf_server_new(servers[v], &server), "a server");
    if (resume.n != 0 && hf_conn_resume(client, resume) != HF_OK)
        resume.n = 0;
    bool through = shake_hands(client, server);
    hf_conn_info(server, &info);
    *resumed = info.resumed;
    hf_error e;
    hf_conn_error(server, &e);
    hf_fuzz_claim(through || e.code != HF_OK);
    hf_conn_free(client);
    hf_conn_free(server);
    return through;
}

static void set_up(void)
{
    hf_identity *identity;
    hf_store *store;
    uint8_t file[80];
    hf_bytes bytes = {file, sizeof(file)};
    memset(file, 7, sizeof(file));
    hf_fuzz_make_identity(&identity, &store);
    hf_fuzz_must(hf_ticket_keys_new(NULL, 0, &keys), "keys");
    hf_fuzz_must(hf_ticket_keys_read(keys, &bytes, 1, NULL), "keys");
    for (size_t v = 0; v < 2; v++) {
        uint16_t version = v == 0 ? HF_TLS_1_3 : HF_TLS_1_2;
        hf_session s;
        bool resumed;
        hf_fuzz_must(hf_config_new(HF_CLIENT, &clients[v]), "a config");
        hf_fuzz_must(hf_config_new(HF_SERVER, &servers[v]), "a config");
        hf_fuzz_must(hf_config_versions(clients[v], version, version), "versions");
        hf_fuzz_must(hf_config_versions(servers[v], version, version), "versions");
        hf_fuzz_must(hf_config_trust(clients[v], store), "trust");
        hf_fuzz_must(hf_config_add_identity(servers[v], identity), "identity");
        hf_fuzz_must(hf_config_groups(clients[v], "X25519:P-256"), "groups");
        hf_fuzz_must(hf_config_new_session(clients[v], keep_session, NULL), "new_session");
        hf_fuzz_must(hf_config_ticket_keys(servers[v], keys), "keys");
        hf_fuzz_settle(clients[v], false);
        hf_fuzz_settle(servers[v], false);
        hf_fuzz_claim(connect_with(v, hf_bytes_text(""), &resumed) && !resumed);
        hf_fuzz_must(hf_buf_append(&session[v], hf_buf_bytes(&given)), "a session");
        hf_fuzz_must(hf_session_decode(hf_buf_bytes(&given), &s), "reading it");
        hf_fuzz_must(
            hf_ticket_open(keys, hf_provider_default(), HF_FUZZ_NOW_S, s.ticket, &state[v]),
            "opening its ticket");
        hf_session_clear(&s);
        hf_fuzz_claim(connect_with(v, hf_buf_bytes(&session[v]), &resumed) && resumed);
    }
    hf_identity_free(identity);
    hf_store_free(store);
}

/* Bytes over others: at:2 n:1 bytes, again and again; n is 0: cut there. */
static void edit(hf_buf *b, hf_bytes rest)
{
    while (rest.n >= 3) {
        size_t at = (size_t)rest.p[0] << 8 | rest.p[1], n = rest.p[2];
        rest = (hf_bytes){rest.p + 3, rest.n - 3};
        n = n < rest.n ? n : rest.n;
        if (n == 0 && at < b->n)
            b->n = at;
        for (size_t i = 0; i < n && at + i < b->n; i++)
            b->p[at + i] = rest.p[i];
        rest = (hf_bytes){rest.p + n, rest.n - n};
    }
}

/* What is read can be written, and is the same when it is read again. */
static void read_session(hf_bytes bytes)
{
    hf_session s, again;
    hf_session_info info;
    hf_buf out = {0};
    bool good = hf_session_decode(bytes, &s) == HF_OK;
    hf_fuzz_claim((hf_session_describe(bytes, &info) == HF_OK) == good);
    if (!good)
        return;
    hf_fuzz_must(hf_session_encode(&s, &out), "writing what was read");
    hf_fuzz_must(hf_session_decode(hf_buf_bytes(&out), &again), "reading what was written");
    hf_fuzz_claim(again.suite == s.suite && again.secret_len == s.secret_len &&
                  hf_bytes_equal(again.ticket, s.ticket) && hf_bytes_equal(again.alpn, s.alpn));
    hf_session_clear(&s);
    hf_session_clear(&again);
    hf_buf_free(&out);
}

/* A ticket that opens under the server's keys and holds `changed`, in the client's own session. */
static void show_sealed(size_t v, hf_bytes changed)
{
    hf_session s;
    hf_buf ticket = {0}, shown = {0};
    bool resumed;
    hf_fuzz_must(hf_session_decode(hf_buf_bytes(&session[v]), &s), "reading a session");
    hf_fuzz_must(hf_ticket_seal(keys, hf_provider_default(), HF_FUZZ_NOW_S, changed, &ticket),
                 "sealing");
    s.ticket = hf_buf_bytes(&ticket);
    if (hf_session_encode(&s, &shown) == HF_OK) {
        bool through = connect_with(v, hf_buf_bytes(&shown), &resumed);
        bool same = hf_bytes_equal(changed, hf_buf_bytes(&state[v]));
        hf_fuzz_claim(!same || (through && resumed));
    }
    hf_session_clear(&s);
    hf_buf_free(&ticket);
    hf_buf_free(&shown);
}

static void open_anything(hf_bytes bytes)
{
    hf_buf out = {0};
    const hf_provider *p = hf_provider_default();
    hf_fuzz_claim(hf_ticket_open(keys, p, HF_FUZZ_NOW_S, bytes, &out) == HF_E_BAD_RECORD_MAC);
    hf_fuzz_claim(hf_open_for(HF_SEAL_COOKIE, keys, p, HF_FUZZ_NOW_S, bytes, &out) ==
                  HF_E_BAD_RECORD_MAC);
    hf_fuzz_claim(out.n == 0);
    hf_buf_free(&out);
}

static void read_key_files(hf_bytes bytes)
{
    hf_ticket_keys *k;
    hf_error e = {0};
    hf_bytes files[2] = {bytes, bytes};
    hf_fuzz_must(hf_ticket_keys_new(NULL, 0, &k), "keys");
    hf_status s = hf_ticket_keys_read(k, files, 1, &e);
    hf_fuzz_claim(s == HF_OK || (s == HF_E_TICKET_KEYS && e.code == s));
    hf_ticket_keys_read(k, files, 2, &e);
    hf_ticket_keys_free(k);
}

static void change_and_show(unsigned how, size_t v, hf_bytes steps)
{
    hf_buf changed = {0};
    bool resumed;
    hf_fuzz_must(hf_buf_append(&changed, hf_buf_bytes(how == 0 ? &session[v] : &state[v])),
                 "copying");
    edit(&changed, steps);
    if (how == 0)
        connect_with(v, hf_buf_bytes(&changed), &resumed);
    else
        show_sealed(v, hf_buf_bytes(&changed));
    read_session(hf_buf_bytes(&changed));
    hf_buf_free(&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (servers[1] == NULL)
        set_up();
    if (size == 0)
        return 0;
    hf_bytes rest = {data + 1, size - 1};
    switch (data[0] % 8) {
    case 0:
        open_anything(rest);
        break;
    case 1:
        read_session(rest);
        break;
    case 2:
        read_key_files(rest);
        break;
    case 3:
        if (rest.n != 0)
            show_sealed(size % 2, rest);
        break;
    default:
        change_and_show(data[0] & 2, data[0] & 1, rest);
    }
    return 0;
}
