/* fuzz_ocsp.c: an OCSP response of any bytes: parsed, walked, and judged by a certificate that it
 * is not about. */
#include "x509/ocsp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool claim)
{
    if (!claim)
        abort();
}

static void walk(const hf_ocsp *o, hf_bytes der)
{
    hf_bytes rest = o->responses, cert;
    hf_ocsp_single one;
    size_t count = 0;
    while (hf_ocsp_next(&rest, &one)) {
        count++;
        claim(one.serial.p >= der.p && one.serial.p + one.serial.n <= der.p + der.n);
        claim(one.status <= HF_OCSP_UNKNOWN);
    }
    claim(count == o->count);
    rest = o->certs;
    for (unsigned i = 0; i < 8 && hf_ocsp_next_cert(&rest, &cert); i++) {
        hf_cert c;
        if (hf_cert_parse(cert, &c, NULL) != HF_OK)
            continue;
        hf_ocsp_names(o, &c);
        rest = o->responses;
        if (hf_ocsp_next(&rest, &one))
            hf_ocsp_is_about(&one, &c, &c);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_ocsp o;
    hf_error e = {0};
    hf_bytes der = {data, size};
    hf_status s = hf_ocsp_parse(der, &o, &e);
    if (s != HF_OK)
        claim(s < 0 && e.code == s);
    else if (o.status == 0)
        walk(&o, der);
    return 0;
}
