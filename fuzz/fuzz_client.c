/* fuzz_client.c: a client whose server sends any bytes. */
#include "connection.h"

static hf_config *configs[4];

/* Plain; traced; with the client's own certificate and small limits; TLS 1.3 alone, of another
 * group. */
static void set_up(void)
{
    hf_identity *identity = NULL;
    hf_store *store = NULL;
    hf_fuzz_make_identity(&identity, &store);
    for (size_t i = 0; i < 4; i++) {
        hf_fuzz_must(hf_config_new(HF_CLIENT, &configs[i]), "making a config");
        hf_fuzz_must(hf_config_trust(configs[i], store), "setting the store");
    }
    hf_fuzz_must(hf_config_add_identity(configs[2], identity), "adding the identity");
    const hf_limits small = {.handshake_message = 4096, .chain_length = 2, .key_updates = 2};
    hf_fuzz_must(hf_config_limits(configs[2], &small), "setting limits");
    hf_fuzz_must(hf_config_record_size_limit(configs[2], 512), "setting record_size_limit");
    hf_fuzz_must(hf_config_versions(configs[3], HF_TLS_1_3, HF_TLS_1_3), "setting versions");
    hf_fuzz_must(hf_config_groups(configs[3], "P-256"), "setting groups");
    hf_fuzz_must(hf_config_key_shares(configs[3], 1), "setting key shares");
    hf_fuzz_must(hf_config_grease(configs[3], false), "turning GREASE off");
    for (size_t i = 0; i < 4; i++)
        hf_fuzz_settle(configs[i], i == 1);
    hf_identity_free(identity);
    hf_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_conn *c = NULL;
    if (configs[0] == NULL)
        set_up();
    hf_fuzz_random_state = UINT64_C(0x9e3779b97f4a7c15);
    hf_fuzz_must(hf_client_new(configs[size % 4], "localhost", &c), "making a connection");
    hf_fuzz_drive(c, data, size);
    return 0;
}
