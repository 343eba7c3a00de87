/* fuzz_crl.c: a revocation list of any bytes: parsed, walked, indexed, searched. */
#include <handfast/x509.h>

#include "x509/crl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool claim)
{
    if (!claim)
        abort();
}

/* Every entry that the walk gives is found again by its serial number. */
static void search(const hf_crl *crl, hf_bytes der)
{
    hf_crls *crls = NULL;
    hf_crl_entry entry, found;
    size_t added, count = 0, at = 0;
    if (hf_crls_new(&crls) != HF_OK)
        return;
    hf_status s = hf_crls_add(crls, der, &added, NULL);
    claim(s <= 0);
    while (hf_crl_next(crl, &at, &entry)) {
        count++;
        claim(hf_crl_reason_name(entry.reason) != NULL);
        if (s == HF_OK && added == 1 && count < 64)
            claim(hf_crls_find(crls, 0, entry.serial, &found));
    }
    claim(count == crl->entry_count);
    if (s == HF_OK && added == 1)
        hf_crls_find(crls, 0, (hf_bytes){(const uint8_t *)"\x01", 1}, &found);
    hf_crls_free(crls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_crl crl;
    hf_error e = {0};
    hf_status s = hf_crl_parse((hf_bytes){data, size}, &crl, &e);
    if (s == HF_OK)
        search(&crl, (hf_bytes){data, size});
    else
        claim(s < 0 && e.code == s);
    return 0;
}
