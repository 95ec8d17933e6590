/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include "procstream-enums.h"
#include "procstream-line-index-private.h"

G_BEGIN_DECLS

/* As many bytes as a chunk remembers of what came before it, so that a line begins at once after a gap where it can; see the public name. */
#define PROCSTREAM_LINE_RULE_MAX_SIZE 16

/* What a subscriber asks of its lines. Plain data: copied and forgotten. */
typedef struct
{
  ProcstreamLineSeparator separator;
  guint                   max_length; /* bytes of text; > 0 */
  ProcstreamLineOverflow  overflow;
  guint8                  custom_size; /* 0: none; more than MAX_SIZE: refused */
  guint8                  custom[PROCSTREAM_LINE_RULE_MAX_SIZE];
  gboolean                strip_escapes;
  const char             *encoding; /* interned; NULL: UTF-8, and what is not valid is repaired line by line */
} ProcstreamLineOptions;

/* What ends a line, in a form in which all separators are alike: the last byte of each is marked in an index, and what has to stand before
 * it is compared. */
typedef struct
{
  ProcstreamLineMark mark;
  guint8             size;        /* of bytes */
  gboolean           optional_cr; /* bytes is CRLF, and LF alone will do */
  gboolean           any;         /* CR, LF, or both in this order: bytes is not used */
  guint8             bytes[PROCSTREAM_LINE_RULE_MAX_SIZE];
} ProcstreamLineRule;

/* What is too long is kept as too long. */
void procstream_line_options_set_custom (ProcstreamLineOptions *self,
                                         GBytes                *separator);
/* Which index serves such lines; NONE where they are not cut from the bytes as they come. */
ProcstreamLineMark procstream_line_options_get_mark (const ProcstreamLineOptions *self);

void procstream_line_rule_init (ProcstreamLineRule          *self,
                                const ProcstreamLineOptions *options);
/* How many bytes at the end of @data may turn out to belong to a separator that is not complete. */
gsize procstream_line_rule_get_pending (const ProcstreamLineRule *self,
                                        const guint8             *data,
                                        gsize                     size);
/* Whether a line begins after these bytes. */
gboolean procstream_line_rule_ends (const ProcstreamLineRule *self,
                                    const guint8             *data,
                                    gsize                     size);

/* How many bytes of a separator stand before its marked byte, at the end of the @size bytes at @data. They must be there, as a whole or,
 * with @optional_cr, not at all. */
static inline gsize
procstream_line_rule_get_width_before_mark (const ProcstreamLineRule *self,
                                            const guint8             *data,
                                            gsize                     size)
{
  if (G_LIKELY (self->optional_cr))
    return size > 0 && data[size - 1] == '\r';
  return self->size - 1;
}

G_END_DECLS
