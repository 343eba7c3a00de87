/* file.c: libpcap, for what begins a file and what comes next in it. The build may lack it. */
#define _DEFAULT_SOURCE /* the types that libpcap's header uses */
#include "explain/capture/file.h"
#include "explain/capture.h"

#include <string.h>

bool hf_capture_is(hf_bytes start)
{
    static const uint8_t magics[][4] = {
        {0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1}, /* pcap, microseconds */
        {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, /* nanoseconds */
        {0xa1, 0xb2, 0xcd, 0x34}, {0x34, 0xcd, 0xb2, 0xa1}, /* with more in each header */
        {0x0a, 0x0d, 0x0d, 0x0a},                           /* pcapng */
    };
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (start.n >= 4 && memcmp(start.p, magics[i], 4) == 0)
            return true;
    return false;
}

#ifdef HF_HAVE_PCAP

#    include <pcap/pcap.h>

struct cap_file {
    cap_memory memory;
    pcap_t *pcap;
    cap_link link;
    uint64_t count;
};

bool hf_capture_supported(void)
{
    return true;
}

static hf_status refuse(hf_error *e, const char *expected, const char *got)
{
    if (e != NULL) {
        *e = (hf_error){.code = HF_E_CAPTURE};
        snprintf(e->expected, sizeof e->expected, "%s", expected);
        snprintf(e->got, sizeof e->got, "%s", got);
    }
    return HF_E_CAPTURE;
}

static bool link_of(int type, cap_link *out)
{
    static const struct {
        int type;
        cap_link link;
    } links[] = {
        {DLT_EN10MB, CAP_LINK_ETHERNET}, {DLT_NULL, CAP_LINK_NULL}, {DLT_LOOP, CAP_LINK_NULL},
        {DLT_LINUX_SLL, CAP_LINK_SLL},   {DLT_RAW, CAP_LINK_RAW},   {DLT_IPV4, CAP_LINK_RAW},
        {DLT_IPV6, CAP_LINK_RAW},
#    ifdef DLT_LINUX_SLL2
        {DLT_LINUX_SLL2, CAP_LINK_SLL2},
#    endif
    };
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        if (links[i].type == type) {
            *out = links[i].link;
            return true;
        }
    return false;
}

hf_status cap_file_open(FILE *file, const cap_memory *memory, cap_file **out, hf_error *e)
{
    char why[PCAP_ERRBUF_SIZE] = "", got[HF_ERROR_TEXT];
    *out = NULL;
    pcap_t *pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
    if (pcap == NULL) {
        fclose(file);
        return refuse(e, "a pcap or pcapng file", why);
    }
    cap_link link;
    int type = pcap_datalink(pcap);
    if (!link_of(type, &link)) {
        const char *name = pcap_datalink_val_to_description(type);
        snprintf(got, sizeof got, "%s (link type %d)", name != NULL ? name : "another link", type);
        pcap_close(pcap);
        return refuse(e, "Ethernet, Linux cooked, loopback or raw IP", got);
    }
    cap_file *f = memory->allocate(memory->ctx, sizeof *f);
    if (f == NULL) {
        pcap_close(pcap);
        if (e != NULL)
            *e = (hf_error){.code = HF_E_OUT_OF_MEMORY};
        return HF_E_OUT_OF_MEMORY;
    }
    *f = (cap_file){.memory = *memory, .pcap = pcap, .link = link};
    *out = f;
    return HF_OK;
}

cap_link cap_file_link(const cap_file *f)
{
    return f->link;
}

int cap_file_next(cap_file *f, cap_packet *out, char *why, size_t size)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int got = pcap_next_ex(f->pcap, &header, &bytes);
    if (got == PCAP_ERROR_BREAK)
        return 0;
    if (got != 1) {
        snprintf(why, size, "%s", pcap_geterr(f->pcap));
        return -1;
    }
    out->number = ++f->count;
    /* nanoseconds, as was asked for; a time beyond any clock's is none */
    int64_t s = (int64_t)header->ts.tv_sec, ns = (int64_t)header->ts.tv_usec;
    bool sane = s >= 0 && s < INT64_C(1) << 33 && ns >= 0 && ns < 1000000000;
    out->t_ns = sane ? s * 1000000000 + ns : 0;
    out->bytes = (hf_bytes){bytes, header->caplen};
    out->length = header->len;
    return 1;
}

void cap_file_close(cap_file *f)
{
    if (f == NULL)
        return;
    pcap_close(f->pcap);
    f->memory.release(f->memory.ctx, f);
}

#else /* without libpcap */

bool hf_capture_supported(void)
{
    return false;
}

hf_status cap_file_open(FILE *file, const cap_memory *memory, cap_file **out, hf_error *e)
{
    (void)memory;
    fclose(file);
    *out = NULL;
    if (e != NULL)
        *e = (hf_error){.code = HF_E_NO_PCAP};
    return HF_E_NO_PCAP;
}

cap_link cap_file_link(const cap_file *f)
{
    (void)f;
    return CAP_LINK_RAW;
}

int cap_file_next(cap_file *f, cap_packet *out, char *why, size_t size)
{
    (void)f;
    (void)out;
    (void)why;
    (void)size;
    return 0;
}

void cap_file_close(cap_file *f)
{
    (void)f;
}

#endif
