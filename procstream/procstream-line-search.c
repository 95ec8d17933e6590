/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-search-private.h"

#include "procstream-line-splitter-private.h"
#include "procstream-pattern-private.h"
#include "procstream-valid-text-private.h"

#include <string.h>

/*
 * A text is looked for in the raw bytes: valid UTF-8 is found there exactly where it is found in the repaired text, unless it has the
 * replacement character. What is not that simple is a regular expression, and that is matched with the text that a user sees.
 *
 * A regular expression that was given is copied, since it is matched in another thread. A text becomes one in parts, since one that is long
 * enough is too large for the regular expression library: the first part is searched for, and each of the others has to stand where the one before
 * it ends. Each character of a text matches one character, so there is one such place.
 */
struct _ProcstreamLineMatcher
{
  char      *text; /* NULL: parts */
  gsize      size;
  GPtrArray *parts; /* of GRegex; one that was given is the only one */
};

/* Far less than the library takes, in bytes. */
#define PART_SIZE 4096

static ProcstreamLineMatcher *
new_with_parts (void)
{
  ProcstreamLineMatcher *self = g_new0 (ProcstreamLineMatcher, 1);

  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_regex_unref);
  return self;
}

static gboolean
add_part (ProcstreamLineMatcher *self,
          const char            *text,
          gsize                  size,
          GRegexCompileFlags     flags,
          GError               **error)
{
  g_autofree char *escaped = g_regex_escape_string (text, size);
  GRegex          *part = g_regex_new (escaped, flags | G_REGEX_OPTIMIZE, 0, error);

  if (part)
    g_ptr_array_add (self->parts, part);
  return part != NULL;
}

static gboolean
add_parts (ProcstreamLineMatcher *self,
           const char            *text,
           GRegexCompileFlags     flags,
           GError               **error)
{
  const char *end = text + strlen (text);

  while (text < end)
    {
      const char *next = end - text > PART_SIZE ? g_utf8_find_prev_char (text, text + PART_SIZE) : end;

      if (!add_part (self, text, next - text, flags | (self->parts->len > 0 ? G_REGEX_ANCHORED : 0), error))
        return FALSE;
      text = next;
    }
  return TRUE;
}

ProcstreamLineMatcher *
procstream_line_matcher_new_text (const char *text,
                                  gboolean    caseless,
                                  GError    **error)
{
  g_autoptr (ProcstreamLineMatcher) self = NULL;

  if (*text != '\0' && (caseless || strstr (text, PROCSTREAM_REPLACEMENT)))
    {
      self = new_with_parts ();
      if (!add_parts (self, text, caseless ? G_REGEX_CASELESS : 0, error))
        return NULL; /* NOLINT(clang-analyzer-unix.Malloc): it is freed with its scope */
      return g_steal_pointer (&self);
    }
  self = g_new0 (ProcstreamLineMatcher, 1);
  self->text = g_strdup (text);
  self->size = strlen (text);
  return g_steal_pointer (&self);
}

ProcstreamLineMatcher *
procstream_line_matcher_new_regex (GRegex  *regex,
                                   GError **error)
{
  GRegex                *own = procstream_pattern_copy_regex (regex, error);
  ProcstreamLineMatcher *self;

  if (own == NULL)
    return NULL;
  self = new_with_parts ();
  g_ptr_array_add (self->parts, own);
  return self;
}

void
procstream_line_matcher_free (ProcstreamLineMatcher *self)
{
  g_clear_pointer (&self->parts, g_ptr_array_unref);
  g_free (self->text);
  g_free (self);
}

/* Part number @i from @start on: where it begins and ends. */
static gboolean
match_part (ProcstreamLineMatcher *self,
            guint                  i,
            const char            *text,
            gsize                  size,
            int                    start,
            int                   *begin,
            int                   *end,
            GError               **error)
{
  g_autoptr (GMatchInfo) info = NULL;

  return g_regex_match_full (g_ptr_array_index (self->parts, i), text, size, start, 0, &info, error) &&
         g_match_info_fetch_pos (info, 0, begin, end);
}

static gboolean
match_parts (ProcstreamLineMatcher *self,
             const char            *text,
             gsize                  size,
             GError               **error)
{
  int start = 0;
  int begin, end;

  while (match_part (self, 0, text, size, start, &begin, &end, error))
    {
      guint i = 1;
      int   ignored;

      while (i < self->parts->len && match_part (self, i, text, size, end, &ignored, &end, error))
        i++;
      if (i == self->parts->len)
        return TRUE;
      if (error && *error)
        return FALSE;
      start = g_utf8_next_char (text + begin) - text;
    }
  return FALSE;
}

static gboolean
match_regex (ProcstreamLineMatcher      *self,
             const ProcstreamStoredLine *line,
             GError                    **error)
{
  GRegex     *first = g_ptr_array_index (self->parts, 0);
  const char *text = line->size > 0 ? (const char *) line->data : "";
  gsize       size = line->size;
  g_autoptr (GString) scratch = NULL;

  if (!(g_regex_get_compile_flags (first) & G_REGEX_RAW) && !g_utf8_validate_len (text, size, NULL))
    {
      scratch = g_string_new (NULL);
      text = procstream_line_repair (line->data, line->size, scratch, &size);
    }
  return match_parts (self, text, size, error);
}

gboolean
procstream_line_matcher_match (ProcstreamLineMatcher      *self,
                               const ProcstreamStoredLine *line,
                               GError                    **error)
{
  if (line->is_gap)
    return FALSE;
  if (self->parts)
    return match_regex (self, line, error);
  return self->size == 0 || (line->size >= self->size && memmem (line->data, line->size, self->text, self->size));
}

GRegex *
procstream_line_matcher_peek_regex (ProcstreamLineMatcher *self)
{
  return g_ptr_array_index (self->parts, 0);
}
