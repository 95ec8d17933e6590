/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-seeker-record-private.h"

#include "procstream-error.h"

/* A message names no more patterns than that. */
#define MAX_NAMED 5

static char *
describe_patterns (ProcstreamLineSeeker *self)
{
  GString *text = g_string_new (NULL);
  guint    n = MIN (self->patterns->len, MAX_NAMED);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *one = procstream_pattern_describe (g_ptr_array_index (self->patterns, i));

      g_string_append_printf (text, "%s%s", i > 0 ? " or " : "", one);
    }
  if (self->patterns->len > n)
    g_string_append_printf (text, " or one of %u other patterns", self->patterns->len - n);
  return g_string_free (text, FALSE);
}

typedef struct
{
  guint64 lost;
  guint64 before; /* where it was given anything; of what it was to search, if it begins after a match */
  guint64 from;   /* where it was to begin */
} Missed;

static Missed
get_missed (ProcstreamLineSeeker *self)
{
  Missed missed = { 0 };

  for (guint i = 0; i < self->n_legs; i++)
    {
      const Leg *leg = &self->legs[i];

      missed.lost += leg->lost;
      missed.before += self->is_next ? leg->missed : leg->begin_offset;
      for (guint lane = 0; lane < PROCSTREAM_N_LANES; lane++)
        missed.from += leg->from[lane];
    }
  return missed;
}

static void
add_what_was_missed (ProcstreamLineSeeker *self,
                     const Missed         *missed,
                     GString              *message)
{
  const guint64 lost = missed->lost;

  if (missed->before > 0)
    g_string_append_printf (message, "; %" G_GUINT64_FORMAT " bytes that came %sbefore the wait began were not kept for it", missed->before,
                            missed->from > 0 ? "after the last match and " : "");
  if (lost > 0)
    g_string_append_printf (message, "; %" G_GUINT64_FORMAT " bytes were lost before they could be searched", lost);
  if (self->skipped > 0)
    g_string_append_printf (message, "; %" G_GUINT64_FORMAT " line%s could not be searched: %s", self->skipped,
                            self->skipped == 1 ? "" : "s", self->skipped_why);
}

/* FALSE when there are none. */
static gboolean
add_tail (Leg     *leg,
          GString *message)
{
  g_auto (GStrv) lines = procstream_tail_dup_lines (leg->tail, &leg->options);

  if (lines[0] == NULL)
    return FALSE;
  if (leg->search->n_legs > 1)
    g_string_append_printf (message, "\nThe last lines of %s:", leg->stream ? leg->stream : "?");
  else
    g_string_append (message, "\nThe last lines:");
  for (guint i = 0; lines[i]; i++)
    g_string_append_printf (message, "\n  %s", lines[i]);
  return TRUE;
}

static char *
end_message (ProcstreamLineSeeker *self,
             GString              *message)
{
  const Missed missed = get_missed (self);
  gboolean     any = FALSE;

  add_what_was_missed (self, &missed, message);
  for (guint i = 0; i < self->n_legs; i++)
    any |= add_tail (&self->legs[i], message);
  if (!any && missed.before > 0)
    g_string_append (message, "; nothing came since");
  else if (!any && missed.from > 0)
    g_string_append (message, "; nothing came after the last match");
  else if (!any)
    g_string_append (message, "; there was no output");
  return g_string_free (message, FALSE);
}

static const char *
get_source (ProcstreamLineSeeker *self)
{
  if (self->process)
    return self->process;
  return self->n_legs > 0 && self->legs[0].label ? self->legs[0].label : "?";
}

static GError *
take_message (GQuark domain,
              int    code,
              char  *message)
{
  GError *error = g_error_new_literal (domain, code, message);

  g_free (message);
  return error;
}

GError *
procstream_line_seeker_explain_locked (ProcstreamLineSeeker *self,
                                       const GError         *cause)
{
  g_autofree char *patterns = describe_patterns (self);
  double           waited = self->begun ? (double) (g_get_monotonic_time () - self->begin_us) / G_USEC_PER_SEC : 0;
  GString         *message = g_string_new (NULL);

  if (cause)
    g_string_append_printf (message, "%s (in %.1f s there was no sign of %s)", cause->message, waited, patterns);
  else if (self->exit_message)
    g_string_append_printf (message, "%s; in the %.1f s of waiting there was no sign of %s", self->exit_message, waited, patterns);
  else
    g_string_append_printf (message, "The output of “%s” ended; in the %.1f s of waiting there was no sign of %s", get_source (self),
                            waited, patterns);
  if (cause)
    return take_message (cause->domain, cause->code, end_message (self, message));
  return take_message (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_MATCH, end_message (self, message));
}

GError *
procstream_line_seeker_explain_timeout_locked (ProcstreamLineSeeker *self,
                                               gint64                timeout_ms)
{
  g_autofree char *patterns = describe_patterns (self);
  GString         *message = g_string_new (NULL);

  g_string_append_printf (message, "Timed out after %" G_GINT64_FORMAT " ms waiting for %s from “%s”", timeout_ms, patterns,
                          get_source (self));
  return take_message (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, end_message (self, message));
}
