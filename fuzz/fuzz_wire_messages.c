/* fuzz_wire_messages.c: a handshake message of any type and any bytes. The first byte chooses the
 * type; in a stream of records, the first message's own does. */
#include "wire_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t types[] = {
        HF_MSG_CLIENT_HELLO,        HF_MSG_SERVER_HELLO,
        HF_MSG_NEW_SESSION_TICKET,  HF_MSG_ENCRYPTED_EXTENSIONS,
        HF_MSG_CERTIFICATE,         HF_MSG_CERTIFICATE_REQUEST,
        HF_MSG_CERTIFICATE_VERIFY,  HF_MSG_FINISHED,
        HF_MSG_KEY_UPDATE,          HF_MSG_END_OF_EARLY_DATA,
        HF_MSG_SERVER_KEY_EXCHANGE, HF_MSG_COMPRESSED_CERTIFICATE,
    };
    if (size == 0)
        return 0;
    hf_bytes body = hf_fuzz_body(data, size);
    uint8_t type;
    if (body.p != data) {
        type = data[5];
    } else {
        type = types[data[0] % sizeof(types)];
        body = (hf_bytes){data + 1, size - 1};
    }
    hf_fuzz_rebuild(type, body);
    hf_fuzz_trace(type, body);
    return 0;
}
