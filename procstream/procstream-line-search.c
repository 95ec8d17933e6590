/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-search-private.h"

#include "procstream-line-splitter-private.h"

#include <string.h>

/*
 * A text is looked for in the raw bytes: valid UTF-8 is found there exactly where it is found in the repaired text, unless it has the
 * replacement character. What is not that simple is a regular expression, and that is matched with the text that a user sees.
 */
struct _ProcstreamLineMatcher
{
  char   *text; /* NULL: regex */
  gsize   size;
  GRegex *regex;
};

ProcstreamLineMatcher *
procstream_line_matcher_new_text (const char *text,
                                  gboolean    caseless)
{
  ProcstreamLineMatcher *self = g_new0 (ProcstreamLineMatcher, 1);

  if (caseless || strstr (text, "\357\277\275"))
    {
      g_autofree char *escaped = g_regex_escape_string (text, -1);

      self->regex = g_regex_new (escaped, (caseless ? G_REGEX_CASELESS : 0) | G_REGEX_OPTIMIZE, 0, NULL);
      g_assert (self->regex);
      return self;
    }
  self->text = g_strdup (text);
  self->size = strlen (text);
  return self;
}

ProcstreamLineMatcher *
procstream_line_matcher_new_regex (GRegex *regex)
{
  ProcstreamLineMatcher *self = g_new0 (ProcstreamLineMatcher, 1);

  self->regex = g_regex_ref (regex);
  return self;
}

void
procstream_line_matcher_free (ProcstreamLineMatcher *self)
{
  g_clear_pointer (&self->regex, g_regex_unref);
  g_free (self->text);
  g_free (self);
}

static gboolean
match_regex (GRegex                     *regex,
             const ProcstreamStoredLine *line,
             GError                    **error)
{
  const char *text = line->size > 0 ? (const char *) line->data : "";
  gsize       size = line->size;
  g_autoptr (GString) scratch = NULL;

  if (!(g_regex_get_compile_flags (regex) & G_REGEX_RAW) && !g_utf8_validate_len (text, size, NULL))
    {
      scratch = g_string_new (NULL);
      text = procstream_line_repair (line->data, line->size, scratch, &size);
    }
  return g_regex_match_full (regex, text, size, 0, 0, NULL, error);
}

gboolean
procstream_line_matcher_match (ProcstreamLineMatcher      *self,
                               const ProcstreamStoredLine *line,
                               GError                    **error)
{
  if (line->is_gap)
    return FALSE;
  if (self->regex)
    return match_regex (self->regex, line, error);
  return self->size == 0 || (line->size >= self->size && memmem (line->data, line->size, self->text, self->size));
}
