/* x509.h: certificates apart from connections: parsing, chains, trust stores. */
#ifndef HF_BENCH_X509_H
#define HF_BENCH_X509_H

#include "rows.h"

/* Rows x509_...: handfast beside libcrypto, which does libssl's part of this work. */
void bench_x509_run(const bench_options *o);

#endif
