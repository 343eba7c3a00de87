/* psk.c: pre-shared keys for tests. */
#include "support/psk.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 64, KEY = 32 };

hf_psk psk_sample(unsigned i)
{
    static char names[MOST][16];
    static uint8_t keys[MOST][KEY];
    i %= MOST;
    snprintf(names[i], sizeof(names[i]), "device %u", i);
    for (unsigned k = 0; k < KEY; k++)
        keys[i][k] = (uint8_t)(0x11 * i + 7 * k + 1);
    return (hf_psk){
        .identity = {(const uint8_t *)names[i], strlen(names[i])},
        .key = {keys[i], KEY},
    };
}

void psk_config(pair *p)
{
    memset(p, 0, sizeof(*p));
    p->random = 1;
    hf_config_new(HF_CLIENT, &p->client_config);
    hf_config_new(HF_SERVER, &p->server_config);
    hf_config *configs[2] = {p->client_config, p->server_config};
    for (int i = 0; i < 2; i++) {
        hf_config_random(configs[i], pair_random, &p->random);
        hf_config_clock(configs[i], pair_clock, NULL);
    }
}
