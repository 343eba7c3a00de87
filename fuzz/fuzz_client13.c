/* fuzz_client13.c: a client of TLS 1.3 alone, whose peer plays along but for what the input says.
 */
#include "peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_peer_input(HF_TLS_1_3, HF_CLIENT, data, size);
    return 0;
}
