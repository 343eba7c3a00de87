/* fuzz_wire_client_hello.c: a ClientHello of any bytes, read as a server reads it. */
#include "wire_input.h"

static void walk(const hf_client_hello *m)
{
    const hf_extensions *x = &m->extensions;
    hf_bytes rest, item;
    uint16_t group;
    uint32_t age;
    size_t walked;
    for (size_t i = 0; i < hf_u16s_count(m->cipher_suites); i++)
        hf_suite_name(hf_u16s_at(m->cipher_suites, i));
    HF_FUZZ_CLAIM(m->cipher_suites.n % 2 == 0 && x->supported_groups.n % 2 == 0);
    HF_FUZZ_CLAIM(m->legacy_session_id.n <= 32 && m->random.n == HF_RANDOM_LEN);

    /* a list that parsed is walked to its last byte */
    for (rest = x->client_shares, walked = 0; hf_key_share_next(&rest, &group, &item);)
        walked += 4 + item.n;
    HF_FUZZ_CLAIM(walked == x->client_shares.n);
    for (rest = x->alpn, walked = 0; hf_item8_next(&rest, &item);)
        walked += 1 + item.n;
    HF_FUZZ_CLAIM(walked == x->alpn.n);
    for (rest = x->psk_identities, walked = 0; hf_psk_identity_next(&rest, &item, &age);)
        walked += 6 + item.n;
    HF_FUZZ_CLAIM(walked == x->psk_identities.n);
    for (rest = x->psk_binders, walked = 0; hf_item8_next(&rest, &item);)
        walked += 1 + item.n;
    HF_FUZZ_CLAIM(walked == x->psk_binders.n);
    for (rest = x->certificate_authorities, walked = 0; hf_item16_next(&rest, &item);)
        walked += 2 + item.n;
    HF_FUZZ_CLAIM(walked == x->certificate_authorities.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_bytes body = hf_fuzz_body(data, size);
    hf_client_hello m;
    hf_reader r;
    hf_reader_init(&r, body, NULL);
    r.base = 4;
    if (hf_client_hello_parse(&r, &m)) {
        walk(&m);
        const hf_extensions *x = &m.extensions;
        if (hf_ext_has(x, HF_X_PRE_SHARED_KEY) && !x->psk_not_last)
            HF_FUZZ_CLAIM(x->psk_binders_offset + 2 + x->psk_binders.n == body.n + 4);
    }
    hf_fuzz_rebuild(HF_MSG_CLIENT_HELLO, body);
    hf_fuzz_trace(HF_MSG_CLIENT_HELLO, body);
    return 0;
}
