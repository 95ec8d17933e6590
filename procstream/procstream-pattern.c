/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-pattern-private.h"

#include "procstream-valid-text-private.h"

#include <string.h>

/*
 * Exactly one of text and regex is set, or neither, for a predicate.
 *
 * The regular expression is one of our own, made from the source and the flags of the one that was given: while it is matched,
 * GRegex may compile it anew for the options of the match, without a lock, and the one that was given may be in use in a thread of
 * the program at the same time.
 *
 * Nothing bounds the time of a match but the limits of PCRE, which is asked for some ten million steps at the most: about a second.
 */
struct _ProcstreamPattern
{
  ProcstreamMatchFlags flags;
  char                *text;
  gsize                size;
  GRegex              *regex;
};

#define PLACES (PROCSTREAM_MATCH_PREFIX | PROCSTREAM_MATCH_WHOLE_LINE)
#define WHERE (PROCSTREAM_MATCH_PARTIAL | PROCSTREAM_MATCH_NEXT)
#define ALL_FLAGS (PROCSTREAM_MATCH_REGEX | PLACES | WHERE)

static ProcstreamPattern *
make (ProcstreamMatchFlags flags)
{
  ProcstreamPattern *self = g_new0 (ProcstreamPattern, 1);

  self->flags = flags;
  return self;
}

static gboolean
check_flags (ProcstreamMatchFlags flags,
             ProcstreamMatchFlags allowed,
             const char          *what,
             GError             **error)
{
  if ((flags & ~allowed) == 0 && (flags & PLACES) != PLACES)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s cannot be looked for with the flags 0x%x", what, (guint) flags);
  return FALSE;
}

ProcstreamPattern *
procstream_pattern_new (const char          *text,
                        ProcstreamMatchFlags flags,
                        GError             **error)
{
  gboolean             is_regex = (flags & PROCSTREAM_MATCH_REGEX) != 0;
  ProcstreamMatchFlags allowed = is_regex ? ALL_FLAGS & ~PLACES : ALL_FLAGS;
  ProcstreamPattern   *self;
  GRegex              *regex = NULL;

  if (!check_flags (flags, allowed, is_regex ? "A regular expression" : "Text", error))
    return NULL;
  if (*text == '\0' && !(flags & PROCSTREAM_MATCH_WHOLE_LINE))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "An empty pattern is in every line");
      return NULL;
    }
  if (is_regex && (regex = g_regex_new (text, 0, 0, error)) == NULL)
    return NULL;
  self = make (flags);
  self->regex = regex;
  self->text = is_regex ? NULL : g_strdup (text);
  self->size = strlen (text);
  return self;
}

GRegex *
procstream_pattern_copy_regex (GRegex  *regex,
                               GError **error)
{
  return g_regex_new (g_regex_get_pattern (regex), g_regex_get_compile_flags (regex), g_regex_get_match_flags (regex), error);
}

ProcstreamPattern *
procstream_pattern_new_regex (GRegex              *regex,
                              ProcstreamMatchFlags flags,
                              GError             **error)
{
  ProcstreamPattern *self;
  GRegex            *own;

  if (!check_flags (flags, PROCSTREAM_MATCH_REGEX | WHERE, "A regular expression", error))
    return NULL;
  own = procstream_pattern_copy_regex (regex, error);
  if (own == NULL)
    return NULL;
  self = make (flags);
  self->regex = own;
  return self;
}

ProcstreamPattern *
procstream_pattern_new_predicate (ProcstreamMatchFlags flags,
                                  GError             **error)
{
  return check_flags (flags, WHERE, "What a function looks for", error) ? make (flags) : NULL;
}

void
procstream_pattern_free (ProcstreamPattern *self)
{
  g_clear_pointer (&self->regex, g_regex_unref);
  g_free (self->text);
  g_free (self);
}

gboolean
procstream_pattern_is_regex (ProcstreamPattern *self)
{
  return self->regex != NULL;
}

gboolean
procstream_pattern_is_predicate (ProcstreamPattern *self)
{
  return self->regex == NULL && self->text == NULL;
}

gboolean
procstream_pattern_is_partial (ProcstreamPattern *self)
{
  return (self->flags & PROCSTREAM_MATCH_PARTIAL) != 0;
}

gboolean
procstream_pattern_is_next (ProcstreamPattern *self)
{
  return (self->flags & PROCSTREAM_MATCH_NEXT) != 0;
}

char *
procstream_pattern_describe (ProcstreamPattern *self)
{
  if (self->regex)
    return g_strdup_printf ("a line that matches “%s”", g_regex_get_pattern (self->regex));
  if (self->text == NULL)
    return g_strdup ("a line that a function of the program accepts");
  if (self->flags & PROCSTREAM_MATCH_WHOLE_LINE)
    return g_strdup_printf ("the line “%s”", self->text);
  if (self->flags & PROCSTREAM_MATCH_PREFIX)
    return g_strdup_printf ("a line that begins with “%s”", self->text);
  return g_strdup_printf ("a line with “%s”", self->text);
}

/* --- Groups ------------------------------------------------------------------------------------------------------------------- */

void
procstream_match_groups_clear (ProcstreamMatchGroups *self)
{
  g_clear_pointer (&self->texts, g_ptr_array_unref);
  g_clear_pointer (&self->regex, g_regex_unref);
}

void
procstream_match_groups_copy (const ProcstreamMatchGroups *self,
                              ProcstreamMatchGroups       *copy)
{
  copy->texts = g_ptr_array_ref (self->texts);
  copy->regex = self->regex ? g_regex_ref (self->regex) : NULL;
  copy->end = self->end;
}

static void
take_only_group (ProcstreamMatchGroups *self,
                 char                  *text,
                 gsize                  end)
{
  self->texts = g_ptr_array_new_with_free_func (g_free);
  self->regex = NULL;
  self->end = end;
  g_ptr_array_add (self->texts, text);
}

/* A group of a regular expression that was made for bytes may begin or end inside a character. */
static char *
fetch_group (GMatchInfo *info,
             const char *text,
             int         number)
{
  int start, end;

  if (!g_match_info_fetch_pos (info, number, &start, &end) || start < 0)
    return NULL;
  return procstream_valid_text_new (text + start, (gsize) (end - start));
}

static void
fetch_groups (ProcstreamPattern     *self,
              GMatchInfo            *info,
              const char            *text,
              ProcstreamMatchGroups *groups)
{
  int n = g_regex_get_capture_count (self->regex) + 1;
  int end = 0;

  groups->texts = g_ptr_array_new_with_free_func (g_free);
  groups->regex = g_regex_ref (self->regex);
  groups->end = g_match_info_fetch_pos (info, 0, NULL, &end) && end > 0 ? (gsize) end : 0;
  for (int i = 0; i < n; i++)
    g_ptr_array_add (groups->texts, fetch_group (info, text, i));
}

/* --- Testing ------------------------------------------------------------------------------------------------------------------ */

/* One that may only match where it is begun. */
static gboolean
is_anchored (GRegex *regex)
{
  return (g_regex_get_compile_flags (regex) & G_REGEX_ANCHORED) || (g_regex_get_match_flags (regex) & G_REGEX_MATCH_ANCHORED);
}

static gboolean
test_regex (ProcstreamPattern           *self,
            const ProcstreamPatternLine *line,
            ProcstreamMatchGroups       *groups,
            GError                     **error)
{
  g_autoptr (GMatchInfo) info = NULL;

  if (line->torn && is_anchored (self->regex))
    return FALSE;
  if (!g_regex_match_full (self->regex, line->text, line->size, line->start, line->torn ? G_REGEX_MATCH_NOTBOL : 0, &info, error))
    return FALSE;
  fetch_groups (self, info, line->text, groups);
  return TRUE;
}

/* Where in the line it stands, NULL: nowhere. */
static const char *
find_text (ProcstreamPattern           *self,
           const ProcstreamPatternLine *line)
{
  const char *text = line->text + line->start;
  gsize       size = line->size - line->start;

  if (size < self->size || (self->flags & PROCSTREAM_MATCH_WHOLE_LINE && size > self->size))
    return NULL;
  if (self->flags & PLACES)
    return !line->torn && (self->size == 0 || memcmp (text, self->text, self->size) == 0) ? text : NULL;
  return memmem (text, size, self->text, self->size);
}

gboolean
procstream_pattern_test (ProcstreamPattern           *self,
                         const ProcstreamPatternLine *line,
                         ProcstreamMatchGroups       *groups,
                         GError                     **error)
{
  ProcstreamPatternLine empty;
  const char           *found;

  /* An empty line may have no address. */
  if (line->size == 0)
    {
      empty = (ProcstreamPatternLine){ "", 0, 0, line->torn };
      line = &empty;
    }
  if (self->regex)
    return test_regex (self, line, groups, error);
  found = self->text ? find_text (self, line) : NULL;
  if (found == NULL)
    return FALSE;
  take_only_group (groups, g_strdup (self->text), found - line->text + self->size);
  return TRUE;
}
