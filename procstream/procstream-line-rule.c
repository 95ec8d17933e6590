/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-rule-private.h"

#include <string.h>

static void
set_bytes (ProcstreamLineRule *self,
           const void         *bytes,
           gsize               size)
{
  g_assert (size > 0 && size <= PROCSTREAM_LINE_RULE_MAX_SIZE);
  memcpy (self->bytes, bytes, size);
  self->size = size;
  self->mark = procstream_line_mark_of_byte (self->bytes[size - 1]);
}

void
procstream_line_rule_init (ProcstreamLineRule          *self,
                           const ProcstreamLineOptions *options)
{
  *self = (ProcstreamLineRule){ 0 };
  switch (options->separator)
    {
    case PROCSTREAM_LINE_SEPARATOR_LF:
      set_bytes (self, "\n", 1);
      break;
    case PROCSTREAM_LINE_SEPARATOR_CRLF:
      set_bytes (self, "\r\n", 2);
      break;
    case PROCSTREAM_LINE_SEPARATOR_NUL:
      set_bytes (self, "\0", 1);
      break;
    case PROCSTREAM_LINE_SEPARATOR_CUSTOM:
      set_bytes (self, options->custom, options->custom_size);
      break;
    case PROCSTREAM_LINE_SEPARATOR_ANY:
      set_bytes (self, "\n", 1);
      self->any = TRUE;
      self->mark = PROCSTREAM_LINE_MARK_CR_OR_LF;
      break;
    default:
      set_bytes (self, "\r\n", 2);
      self->optional_cr = TRUE;
    }
}

void
procstream_line_options_set_custom (ProcstreamLineOptions *self,
                                    GBytes                *separator)
{
  gsize       size;
  const void *bytes = g_bytes_get_data (separator, &size);

  self->custom_size = MIN (size, (gsize) G_MAXUINT8);
  if (size > 0 && size <= sizeof self->custom)
    memcpy (self->custom, bytes, size);
}

ProcstreamLineMark
procstream_line_options_get_mark (const ProcstreamLineOptions *self)
{
  ProcstreamLineRule rule;

  if (self->encoding || self->strip_escapes)
    return PROCSTREAM_LINE_MARK_NONE;
  procstream_line_rule_init (&rule, self);
  return rule.mark;
}

gsize
procstream_line_rule_get_pending (const ProcstreamLineRule *self,
                                  const guint8             *data,
                                  gsize                     size)
{
  for (gsize n = MIN ((gsize) self->size - 1, size); n > 0; n--)
    if (memcmp (data + size - n, self->bytes, n) == 0)
      return n;
  return 0;
}

gboolean
procstream_line_rule_ends (const ProcstreamLineRule *self,
                           const guint8             *data,
                           gsize                     size)
{
  if (size > 0 && (self->optional_cr || self->any))
    return data[size - 1] == '\n' || (self->any && data[size - 1] == '\r');
  return size >= self->size && memcmp (data + size - self->size, self->bytes, self->size) == 0;
}
