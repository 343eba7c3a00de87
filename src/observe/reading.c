/* reading.c: what each handshake message teaches an observer. It judges none of them: a message
 * that does not parse is shown as far as it goes, and teaches nothing. */
#include "observe/observer.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/compress.h"
#include "crypto/lookup.h"
#include "wire/messages12.h"

static bool is_13(const hf_observer *o)
{
    return o->version >= HF_VERSION_TLS_1_3;
}

static hf_reader body_of(hf_bytes message)
{
    hf_reader r;
    hf_reader_init(&r, message, NULL);
    hf_read_u8(&r, "msg_type");
    hf_read_u24(&r, "length");
    return r;
}

static void keep_text(char *to, size_t size, hf_bytes text)
{
    size_t n = text.n < size - 1 ? text.n : size - 1;
    hf_copy(to, text.p, n);
    to[n] = '\0';
}

/* The digest of everything said, or nothing while no hash is agreed. */
static hf_bytes context_of(const hf_observer *o, uint8_t digest[HF_HASH_MAX_DIGEST])
{
    if (o->transcript.hash == NULL || o->transcript_lost)
        return (hf_bytes){NULL, 0};
    hf_transcript_digest(&o->transcript, digest);
    return (hf_bytes){digest, o->transcript.hash->digest_len};
}

/* ---- the hellos ---- */

static hf_status read_client_hello(hf_observer *o, hf_bytes message)
{
    hf_client_hello m;
    hf_reader r = body_of(message);
    bool again = o->retried && !o->server_hello; /* the answer to HelloRetryRequest */
    if (!hf_client_hello_parse(&r, &m))
        return HF_OK;
    hf_buf_clear(&o->offer);
    hf_status s = hf_buf_append(&o->offer, message);
    if (s != HF_OK)
        return s;
    if (!again) { /* the first, or TLS 1.2's renegotiation */
        hf_transcript_free(&o->transcript);
        o->transcript_lost = o->resumed = o->hello_done = o->retried = false;
        o->side[0].finished = o->side[1].finished = false;
    }
    o->client_hello = true;
    o->server_hello = false;
    memcpy(o->client_random, m.random.p, HF_RANDOM_LEN);
    o->early_offered = !again && hf_ext_has(&m.extensions, HF_X_EARLY_DATA);
    if (hf_ext_has(&m.extensions, HF_X_SERVER_NAME))
        keep_text(o->host, sizeof(o->host), m.extensions.host_name);
    hf_seen_find_keys(o);
    return HF_OK;
}

static const char rule[] = "the server chose it; what else it has, nobody on the way can see";

static const char *named(const char *(*namer)(uint16_t), uint16_t id, char text[8])
{
    static const char digits[] = "0123456789abcdef";
    const char *name = namer(id);
    if (name != NULL)
        return name;
    memcpy(text, "0x0000", 7);
    for (int i = 0; i < 4; i++)
        text[2 + i] = digits[(id >> (12 - 4 * i)) & 15];
    return text;
}

static void tell_alpn(hf_observer *o, hf_bytes list)
{
    hf_client_hello offer;
    hf_bytes name, rest;
    char offered[256];
    size_t n = 0;
    if (!hf_item8_next(&list, &name) || name.n == 0)
        return;
    o->alpn_len = name.n;
    keep_text(o->alpn, sizeof(o->alpn), name);
    if (!hf_seen_offer(o, &offer))
        return;
    rest = offer.extensions.alpn;
    while (hf_item8_next(&rest, &name) && n + name.n + 2 < sizeof(offered)) {
        if (n != 0)
            offered[n++] = ' ';
        memcpy(offered + n, name.p, name.n);
        n += name.n;
    }
    offered[n] = '\0';
    hf_tell_choice_text(o, "ALPN", offered, o->alpn, rule);
}

const char *hf_seen_group_name(const hf_observer *o, uint16_t id)
{
    const hf_group *group = hf_group_find(o->provider, id);
    return group != NULL ? group->name : hf_group_name(id);
}

static void tell_group(hf_observer *o, uint16_t id, const char *why)
{
    hf_client_hello offer;
    char text[8];
    const char *name = hf_seen_group_name(o, id);
    o->group_id = id;
    if (hf_seen_offer(o, &offer))
        hf_tell_choice(o, "group", offer.extensions.supported_groups, hf_group_name,
                       name != NULL ? name : named(hf_group_name, id, text), why);
}

static void tell_hello_choices(hf_observer *o)
{
    hf_client_hello offer;
    char text[8];
    uint8_t legacy[2];
    if (!hf_seen_offer(o, &offer))
        return;
    hf_bytes versions = offer.extensions.supported_versions;
    if (!hf_ext_has(&offer.extensions, HF_X_SUPPORTED_VERSIONS)) {
        legacy[0] = (uint8_t)(offer.legacy_version >> 8);
        legacy[1] = (uint8_t)offer.legacy_version;
        versions = (hf_bytes){legacy, 2};
    }
    hf_tell_choice(o, "version", versions, hf_version_name,
                   named(hf_version_name, o->version, text), rule);
    hf_tell_choice(o, "cipher suite", offer.cipher_suites, hf_suite_name,
                   named(hf_suite_name, o->suite_id, text), rule);
}

static void read_server_hello(hf_observer *o, hf_bytes message)
{
    hf_server_hello m;
    hf_reader r = body_of(message);
    if (!hf_server_hello_parse(&r, &m))
        return;
    const hf_extensions *x = &m.extensions;
    o->version = hf_ext_has(x, HF_X_SUPPORTED_VERSIONS) ? x->selected_version : m.legacy_version;
    o->suite_id = m.cipher_suite;
    (void)hf_seen_suite_find(o->provider, m.cipher_suite, &o->suite);
    if (o->suite.hash != NULL && !o->transcript_lost)
        hf_transcript_start(&o->transcript, o->suite.hash);
    if (m.is_retry) {
        o->retried = true;
        if (o->transcript.hash != NULL)
            hf_transcript_retry(&o->transcript);
        if (hf_ext_has(x, HF_X_KEY_SHARE))
            tell_group(o, x->share_group,
                       "no key share fits, so HelloRetryRequest asks for this group");
        return;
    }
    o->server_hello = true;
    memcpy(o->server_random, m.random.p, HF_RANDOM_LEN);
    o->extended_master_secret = hf_ext_has(x, HF_X_EXTENDED_MASTER_SECRET);
    tell_hello_choices(o);
    if (is_13(o) && hf_ext_has(x, HF_X_KEY_SHARE))
        tell_group(o, x->share_group,
                   o->retried ? "the server asked for it by HelloRetryRequest"
                              : "the server chose it among the key shares sent");
    if (is_13(o) && hf_ext_has(x, HF_X_PRE_SHARED_KEY)) {
        o->resumed = true;
        hf_tell_choice_text(o, "resumption", "a pre-shared key", "the pre-shared key",
                            "the server took it up: no certificates are shown");
    }
    if (!is_13(o))
        tell_alpn(o, x->alpn);
}

/* ---- further messages ---- */

static void read_encrypted_extensions(hf_observer *o, hf_bytes message)
{
    hf_encrypted_extensions m;
    hf_reader r = body_of(message);
    if (!hf_encrypted_extensions_parse(&r, &m))
        return;
    tell_alpn(o, m.extensions.alpn);
    if (o->early_offered)
        hf_tell_choice_text(o, "early data", "early_data",
                            hf_ext_has(&m.extensions, HF_X_EARLY_DATA) ? "accepted" : "",
                            hf_ext_has(&m.extensions, HF_X_EARLY_DATA)
                                ? "the server says so in EncryptedExtensions"
                                : "the server does not take it: it is sent again after the "
                                  "handshake, or not at all");
}

static void tell_scheme(hf_observer *o, bool client, uint16_t id)
{
    hf_client_hello offer;
    char text[8];
    *(client ? &o->client_scheme : &o->server_scheme) = id;
    if (!client && hf_seen_offer(o, &offer))
        hf_tell_choice(o, "signature scheme", offer.extensions.signature_algorithms,
                       hf_sigscheme_name, named(hf_sigscheme_name, id, text),
                       "the server signs by it, with the key of its certificate");
}

static void read_certificate_verify(hf_observer *o, bool client, hf_bytes message)
{
    hf_certificate_verify m;
    hf_reader r = body_of(message);
    if (hf_certificate_verify_parse(&r, &m))
        tell_scheme(o, client, m.algorithm);
}

static void read_server_key_exchange(hf_observer *o, hf_bytes message)
{
    hf_server_key_exchange m;
    hf_reader r = body_of(message);
    if (o->version != HF_VERSION_TLS_1_2 || !hf_server_key_exchange_parse(&r, &m))
        return;
    tell_group(o, m.named_curve, rule);
    tell_scheme(o, false, m.algorithm);
}

/* A CompressedCertificate is shown as what it expands to as well, as each end shows its own. */
static hf_status show_expanded(hf_observer *o, bool client, hf_bytes message)
{
    hf_compressed_certificate m;
    hf_reader r = body_of(message);
    const hf_compression *how = NULL;
    if (!hf_compressed_certificate_parse(&r, &m) || m.uncompressed_length > HF_SEEN_MESSAGE_MAX - 4)
        return HF_OK;
    for (size_t i = 0; i < hf_compression_count; i++)
        if (hf_compressions[i]->id == m.algorithm)
            how = hf_compressions[i];
    if (how == NULL)
        return HF_OK;
    size_t n = m.uncompressed_length;
    uint8_t *whole = hf_alloc(4 + n);
    if (whole == NULL)
        return HF_E_OUT_OF_MEMORY;
    whole[0] = HF_MSG_CERTIFICATE;
    whole[1] = (uint8_t)(n >> 16);
    whole[2] = (uint8_t)(n >> 8);
    whole[3] = (uint8_t)n;
    hf_status s = how->expand(m.compressed, whole + 4, n);
    if (s == HF_OK)
        hf_tell_message(o, client, HF_MSG_CERTIFICATE, (hf_bytes){whole, 4 + n});
    hf_free(whole);
    return s == HF_E_OUT_OF_MEMORY ? s : HF_OK;
}

static void read_finished(hf_observer *o, hf_side *side, hf_bytes message)
{
    hf_finished m;
    hf_reader r = body_of(message);
    side->finished = true;
    if (hf_finished_parse(&r, &m))
        hf_seen_check_finished(o, side, m.verify_data);
}

/* ---- what follows when the message is part of the transcript ---- */

static void after_server_hello(hf_observer *o)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_side *client = &o->side[1];
    if (!o->server_hello || !is_13(o))
        return;
    hf_bytes context = context_of(o, digest);
    if (o->keys.secret[HF_LOG_SERVER_HANDSHAKE].n != 0)
        hf_tell_secret(o, "shared secret", hf_seen_group_name(o, o->group_id), NULL,
                       (hf_bytes){NULL, 0}, (hf_bytes){NULL, 0});
    hf_tell_logged(o, HF_LOG_CLIENT_HANDSHAKE, "Handshake Secret", "c hs traffic", context);
    hf_tell_logged(o, HF_LOG_SERVER_HANDSHAKE, "Handshake Secret", "s hs traffic", context);
    hf_seen_enter(o, &o->side[0], HF_STAGE_HANDSHAKE);
    if (!o->early_offered && client->stage == HF_STAGE_CLEAR)
        hf_seen_enter(o, client, HF_STAGE_HANDSHAKE);
}

static void after_finished13(hf_observer *o, hf_side *side)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    if (!side->client) {
        hf_bytes context = context_of(o, digest);
        hf_tell_logged(o, HF_LOG_CLIENT_TRAFFIC, "Main Secret", "c ap traffic", context);
        hf_tell_logged(o, HF_LOG_SERVER_TRAFFIC, "Main Secret", "s ap traffic", context);
        hf_tell_logged(o, HF_LOG_EXPORTER, "Main Secret", "exp master", context);
    }
    hf_seen_enter(o, side, HF_STAGE_DATA);
    o->complete = o->complete || side->client;
}

static void after_client_key_exchange(hf_observer *o)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    bool extended = o->extended_master_secret;
    hf_bytes context =
        extended ? context_of(o, digest) : hf_bytes_of(o->client_random, HF_RANDOM_LEN);
    hf_tell_logged(o, HF_LOG_MASTER, "premaster secret",
                   extended ? "extended master secret" : "master secret", context);
}

static void after(hf_observer *o, hf_side *side, hf_bytes message)
{
    switch (message.p[0]) {
    case HF_MSG_SERVER_HELLO:
        after_server_hello(o);
        break;
    case HF_MSG_END_OF_EARLY_DATA:
        if (is_13(o) && side->client)
            hf_seen_enter(o, side, HF_STAGE_HANDSHAKE);
        break;
    case HF_MSG_FINISHED:
        if (is_13(o) && !o->complete)
            after_finished13(o, side);
        break;
    case HF_MSG_KEY_UPDATE:
        if (is_13(o))
            hf_seen_key_update(o, side);
        break;
    case HF_MSG_CLIENT_KEY_EXCHANGE:
        after_client_key_exchange(o);
        break;
    case HF_MSG_SERVER_HELLO_DONE:
        o->hello_done = true;
        break;
    default:
        break;
    }
}

/* ---- one message ---- */

static hf_status learn(hf_observer *o, hf_side *side, hf_bytes message)
{
    switch (message.p[0]) {
    case HF_MSG_CLIENT_HELLO:
        return side->client ? read_client_hello(o, message) : HF_OK;
    case HF_MSG_SERVER_HELLO:
        if (!side->client)
            read_server_hello(o, message);
        return HF_OK;
    case HF_MSG_ENCRYPTED_EXTENSIONS:
        read_encrypted_extensions(o, message);
        return HF_OK;
    case HF_MSG_CERTIFICATE_VERIFY:
        read_certificate_verify(o, side->client, message);
        return HF_OK;
    case HF_MSG_SERVER_KEY_EXCHANGE:
        read_server_key_exchange(o, message);
        return HF_OK;
    case HF_MSG_COMPRESSED_CERTIFICATE:
        return show_expanded(o, side->client, message);
    case HF_MSG_FINISHED:
        read_finished(o, side, message);
        return HF_OK;
    default:
        return HF_OK;
    }
}

static hf_status add_to_transcript(hf_observer *o, hf_bytes message)
{
    uint8_t type = message.p[0];
    bool after_all = o->complete ||
                     (is_13(o) && (type == HF_MSG_NEW_SESSION_TICKET || type == HF_MSG_KEY_UPDATE));
    if (o->transcript_lost || after_all || type == HF_MSG_HELLO_REQUEST)
        return HF_OK;
    if (o->transcript.hash == NULL && o->transcript.pending.n + message.n > HF_SEEN_PENDING_MAX) {
        hf_transcript_free(&o->transcript);
        o->transcript_lost = true;
        return HF_OK;
    }
    return hf_transcript_add(&o->transcript, message);
}

static uint8_t shown_type(hf_bytes message)
{
    hf_server_hello m;
    hf_reader r = body_of(message);
    if (message.p[0] == HF_MSG_SERVER_HELLO && hf_server_hello_parse(&r, &m) && m.is_retry)
        return HF_MSG_HELLO_RETRY_REQUEST;
    return message.p[0];
}

/* Forms differ by version, which a ServerHello brings along. */
static void notice_version(hf_observer *o, hf_bytes message)
{
    hf_server_hello m;
    hf_reader r = body_of(message);
    if (message.p[0] == HF_MSG_SERVER_HELLO && hf_server_hello_parse(&r, &m))
        o->version = hf_ext_has(&m.extensions, HF_X_SUPPORTED_VERSIONS)
                         ? m.extensions.selected_version
                         : m.legacy_version;
}

static hf_status take(hf_observer *o, hf_side *side, hf_bytes message)
{
    if (!side->client)
        notice_version(o, message);
    hf_tell_message(o, side->client, shown_type(message), message);
    hf_status s = learn(o, side, message);
    if (s == HF_OK)
        s = add_to_transcript(o, message);
    if (s == HF_OK)
        after(o, side, message);
    return s;
}

hf_status hf_seen_handshake(hf_observer *o, hf_side *side, hf_bytes content)
{
    if (side->lost_message)
        return HF_OK;
    hf_status s = hf_buf_append(&side->messages, content);
    size_t at = 0;
    while (s == HF_OK && side->messages.n - at >= 4) {
        const uint8_t *p = side->messages.p + at;
        size_t n = 4 + ((size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
        if (n > HF_SEEN_MESSAGE_MAX) { /* nobody takes one so long: this is none */
            side->lost_message = true;
            break;
        }
        if (side->messages.n - at < n)
            break;
        s = take(o, side, (hf_bytes){p, n});
        at += n;
    }
    if (side->lost_message || at == side->messages.n)
        hf_buf_free(&side->messages);
    else
        hf_buf_drop_front(&side->messages, at);
    return s;
}
