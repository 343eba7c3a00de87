/* post.c: what comes after the handshake: NewSessionTicket, KeyUpdate, and the alert. */
#include "wire/form.h"
#include "wire/messages.h"

/* NewSessionTicket: RFC 9846 section 4.7.1. */
bool hf_new_session_ticket_parse(hf_reader *r, hf_new_session_ticket *m)
{
    m->ticket_lifetime_s = hf_read_u32(r, "ticket_lifetime");
    m->ticket_age_add = hf_read_u32(r, "ticket_age_add");
    m->ticket_nonce = hf_read_vec8(r, "ticket_nonce");
    m->ticket = hf_read_vec16(r, "ticket");
    hf_form_least(r, m->ticket.n, 1, "ticket");
    hf_extensions_parse(r, &m->extensions, HF_IN_NEW_SESSION_TICKET);
    return hf_reader_done(r);
}

void hf_new_session_ticket_build(hf_writer *w, const hf_new_session_ticket *m)
{
    hf_write_u32(w, m->ticket_lifetime_s);
    hf_write_u32(w, m->ticket_age_add);
    hf_write_vec8(w, m->ticket_nonce);
    hf_write_vec16(w, m->ticket);
    hf_extensions_build(w, &m->extensions, HF_IN_NEW_SESSION_TICKET);
}

/* KeyUpdate: RFC 9846 section 4.7.3. */
bool hf_key_update_parse(hf_reader *r, hf_key_update_msg *m)
{
    m->request_update = hf_read_u8(r, "request_update");
    return hf_reader_done(r);
}

void hf_key_update_build(hf_writer *w, const hf_key_update_msg *m)
{
    hf_write_u8(w, m->request_update);
}

/* Alert: RFC 9846 section 6. */
bool hf_alert_parse(hf_reader *r, hf_alert_msg *m)
{
    m->level = hf_read_u8(r, "level");
    m->description = hf_read_u8(r, "description");
    return hf_reader_done(r);
}

void hf_alert_build(hf_writer *w, const hf_alert_msg *m)
{
    hf_write_u8(w, m->level);
    hf_write_u8(w, m->description);
}
