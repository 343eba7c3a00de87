/* fuzz_client12.c: a client of TLS 1.2 alone, whose peer plays along but for what the input says.
 */
#include "peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_peer_input(HF_TLS_1_2, HF_CLIENT, data, size);
    return 0;
}
