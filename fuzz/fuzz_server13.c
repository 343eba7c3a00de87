/* fuzz_server13.c: a server of TLS 1.3 alone, whose peer plays along but for what the input says.
 */
#include "peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_peer_input(HF_TLS_1_3, HF_SERVER, data, size);
    return 0;
}
