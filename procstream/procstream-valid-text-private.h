/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How much of an output a message has. */
#define PROCSTREAM_TAIL_BYTES 4096
#define PROCSTREAM_TAIL_LINES 10

#define PROCSTREAM_REPLACEMENT "\357\277\275" /* U+FFFD */

/* Text of bytes that a child wrote: valid UTF-8 without NUL. Each byte that is not a part of a character, and each NUL, becomes U+FFFD, as
 * with g_utf8_make_valid(), at which a child that writes nothing but such bytes would keep whoever asks for the text waiting: here they are
 * replaced a whole run at a time. */

/* @data may be NULL when there is nothing. */
char *procstream_valid_text_new (const char *data,
                                 gsize       size);
void  procstream_valid_text_append (GString    *text,
                                    const char *data,
                                    gsize       size);
/* Where the last ones that go into a message begin. */
const char *procstream_valid_text_find_last_lines (const char *text);

G_END_DECLS
