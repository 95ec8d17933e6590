/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include "procstream-enums.h"

G_BEGIN_DECLS

/* What is looked for in a line, and what was found: plain data, no threads. A pattern is constant once it was made; it may be tested in
 * one thread at a time. */
typedef struct _ProcstreamPattern ProcstreamPattern;

/* NULL with an error when @text is empty, or is no regular expression, or the flags do not go together. */
ProcstreamPattern *procstream_pattern_new (const char          *text,
                                           ProcstreamMatchFlags flags,
                                           GError             **error);
ProcstreamPattern *procstream_pattern_new_regex (GRegex              *regex,
                                                 ProcstreamMatchFlags flags,
                                                 GError             **error);
/* One that somebody else tests: never found here. */
ProcstreamPattern *procstream_pattern_new_predicate (ProcstreamMatchFlags flags,
                                                     GError             **error);
/* A regular expression of our own that is as @regex is, which the program may use in a thread of its own at the same time. */
GRegex *procstream_pattern_copy_regex (GRegex  *regex,
                                       GError **error);
void    procstream_pattern_free (ProcstreamPattern *self);

gboolean procstream_pattern_is_regex (ProcstreamPattern *self);
gboolean procstream_pattern_is_predicate (ProcstreamPattern *self);
gboolean procstream_pattern_is_partial (ProcstreamPattern *self); /* also wants lines that are not finished */
gboolean procstream_pattern_is_next (ProcstreamPattern *self);    /* wants only what comes after the match before */
/* "a line with “x”", for messages. */
char *procstream_pattern_describe (ProcstreamPattern *self);

/* The groups of a match, owned: the whole match first, NULL for one that took no part. */
typedef struct
{
  GPtrArray *texts; /* of char * */
  GRegex    *regex; /* for the names of groups; NULL: there are none */
  gsize      end;   /* where in the text the match ends */
} ProcstreamMatchGroups;

void procstream_match_groups_clear (ProcstreamMatchGroups *self);
void procstream_match_groups_copy (const ProcstreamMatchGroups *self,
                                   ProcstreamMatchGroups       *copy);

/* A line, or what there is of it: valid UTF-8 that need not end in a NUL. What stands before start is looked at, as by a regular expression that
 * asks for the boundary of a word, but nothing is found there; and where the line is torn it does not begin with what is there. */
typedef struct
{
  const char *text;
  gsize       size;
  gsize       start; /* at a character */
  gboolean    torn;
} ProcstreamPatternLine;

/* FALSE with an error: it could not be found out, because the regular expression reached a limit. */
gboolean procstream_pattern_test (ProcstreamPattern           *self,
                                  const ProcstreamPatternLine *line,
                                  ProcstreamMatchGroups       *groups,
                                  GError                     **error);

G_END_DECLS
