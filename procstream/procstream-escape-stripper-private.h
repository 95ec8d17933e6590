/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes the escape sequences of terminals (ECMA-48) out of text. A plain state machine. */
typedef struct
{
  guint    state;
  gboolean bell_ends;
  gboolean c1;     /* the text is UTF-8 for certain, and U+0080 to U+009F are controls of 8 bits */
  guint    length; /* of the sequence that was begun */
} ProcstreamEscapeStripper;

/* The longest sequence, in bytes: what is longer is none, and the rest of it is text. Pictures apart, no program writes any that is
 * near. */
#define PROCSTREAM_ESCAPE_MAX_LENGTH 65536

void procstream_escape_stripper_init (ProcstreamEscapeStripper *self,
                                      gboolean                  c1);
void procstream_escape_stripper_reset (ProcstreamEscapeStripper *self);
/* Whether nothing is to be taken out of @data, so that it may be used as it is. */
gboolean procstream_escape_stripper_passes (const ProcstreamEscapeStripper *self,
                                            const guint8                   *data,
                                            gsize                           size);
/* Appends what is left of @data. */
void procstream_escape_stripper_push (ProcstreamEscapeStripper *self,
                                      const guint8             *data,
                                      gsize                     size,
                                      GByteArray               *out);

G_END_DECLS
