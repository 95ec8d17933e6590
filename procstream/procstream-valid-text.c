/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-valid-text-private.h"

#include <string.h>

/* Wherever it stands: NUL, what goes on with a character, and what would begin one that is too long or lies beyond Unicode. A byte that does
 * begin one is bad only if what follows is. */
static gboolean
begins_nothing (guint8 byte)
{
  return byte == 0 || (byte >= 0x80 && byte < 0xc2) || byte > 0xf4;
}

static void
append_replacements (GString *text,
                     gsize    n)
{
  const gsize width = strlen (PROCSTREAM_REPLACEMENT);
  gsize       at = text->len;

  g_string_set_size (text, at + n * width);
  for (; at < text->len; at += width)
    memcpy (text->str + at, PROCSTREAM_REPLACEMENT, width);
}

void
procstream_valid_text_append (GString    *text,
                              const char *data,
                              gsize       size)
{
  const char *rest = data;
  const char *end = data + size;
  const char *bad;

  if (size == 0)
    return;
  while (!g_utf8_validate_len (rest, end - rest, &bad))
    {
      g_string_append_len (text, rest, bad - rest);
      rest = bad + 1;
      while (rest < end && begins_nothing ((guint8) *rest))
        rest++;
      append_replacements (text, rest - bad);
    }
  g_string_append_len (text, rest, end - rest);
}

char *
procstream_valid_text_new (const char *data,
                           gsize       size)
{
  GString *text;
  gsize    length;

  if (size == 0)
    return g_strdup ("");
  if (g_utf8_validate_len (data, size, NULL))
    return g_strndup (data, size);
  text = g_string_sized_new (size);
  procstream_valid_text_append (text, data, size);
  length = text->len;
  /* It grew by doubling, and may be kept for long. */
  return g_realloc (g_string_free (text, FALSE), length + 1);
}

const char *
procstream_valid_text_find_last_lines (const char *text)
{
  const char *at = text + strlen (text);
  guint       lines = 0;

  while (at > text)
    {
      if (at[-1] == '\n' && at[0] != '\0' && ++lines == PROCSTREAM_TAIL_LINES)
        return at;
      at--;
    }
  return text;
}
