/* fuzz_wire_server_hello.c: a ServerHello or HelloRetryRequest of any bytes, read as a client reads
 * it. */
#include "wire_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_bytes body = hf_fuzz_body(data, size);
    hf_server_hello m;
    hf_reader r;
    hf_reader_init(&r, body, NULL);
    r.base = 4;
    if (hf_server_hello_parse(&r, &m)) {
        const hf_extensions *x = &m.extensions;
        HF_FUZZ_CLAIM(m.legacy_session_id_echo.n <= 32);
        HF_FUZZ_CLAIM(m.has_extensions || x->present == 0);
        /* the two versions' extensions never come together */
        HF_FUZZ_CLAIM(!hf_ext_has(x, HF_X_SUPPORTED_VERSIONS) ||
                      !hf_ext_has(x, HF_X_EXTENDED_MASTER_SECRET));
        HF_FUZZ_CLAIM(!m.is_retry || x->server_share.n == 0);
    }
    hf_fuzz_rebuild(HF_MSG_SERVER_HELLO, body);
    hf_fuzz_trace(HF_MSG_SERVER_HELLO, body);
    return 0;
}
