/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-match.h"

#include "procstream-match-private.h"

/**
 * ProcstreamMatch:
 *
 * A line that was waited for, and what was found in it.
 *
 * A match never changes, so it may be kept and read in any thread. It is what
 * [method@Procstream.LineWaiter.wait_match] and [method@Procstream.Child.expect]
 * give.
 *
 * Since: 1.0
 */

/*
 * Everything is set in the constructor and never again; so there is no lock and nothing is notified. The record that was found may be shared with
 * the thread that found it.
 */
struct _ProcstreamMatch
{
  GObject parent_instance;

  ProcstreamFoundLine *found;
  ProcstreamLine      *line;
  char               **groups;
};

G_DEFINE_FINAL_TYPE (ProcstreamMatch, procstream_match, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_LINE,
  PROP_TEXT,
  PROP_GROUPS,
  PROP_PATTERN,
  PROP_END_OFFSET,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static char **
make_groups (ProcstreamMatch *self)
{
  GPtrArray *texts = self->found->groups.texts;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (texts == NULL)
    g_strv_builder_add (builder, procstream_line_get_text (self->line));
  for (guint i = 0; texts && i < texts->len; i++)
    {
      const char *text = g_ptr_array_index (texts, i);

      g_strv_builder_add (builder, text ? text : "");
    }
  return g_strv_builder_end (builder);
}

ProcstreamMatch *
procstream_match_new (ProcstreamFoundLine *found)
{
  ProcstreamMatch *self = g_object_new (PROCSTREAM_TYPE_MATCH, NULL);

  self->found = procstream_found_line_ref (found);
  self->line = procstream_found_line_to_line (found);
  self->groups = make_groups (self);
  return self;
}

void
procstream_match_move_place (ProcstreamMatch *self)
{
  procstream_match_place_move (self->found->place, self->found->end_offset);
}

static void
procstream_match_finalize (GObject *object)
{
  ProcstreamMatch *self = PROCSTREAM_MATCH (object);

  g_clear_pointer (&self->found, procstream_found_line_unref);
  g_clear_object (&self->line);
  g_clear_pointer (&self->groups, g_strfreev);
  G_OBJECT_CLASS (procstream_match_parent_class)->finalize (object);
}

static void
procstream_match_get_property (GObject    *object,
                               guint       property_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  ProcstreamMatch *self = PROCSTREAM_MATCH (object);

  switch (property_id)
    {
    case PROP_LINE:
      g_value_set_object (value, self->line);
      break;
    case PROP_TEXT:
      g_value_set_string (value, procstream_match_get_text (self));
      break;
    case PROP_GROUPS:
      g_value_set_boxed (value, self->groups);
      break;
    case PROP_PATTERN:
      g_value_set_uint (value, procstream_match_get_pattern (self));
      break;
    case PROP_END_OFFSET:
      g_value_set_uint64 (value, procstream_match_get_end_offset (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_match_class_init (ProcstreamMatchClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_match_finalize;
  object_class->get_property = procstream_match_get_property;
  /**
   * ProcstreamMatch:line: (getter get_line)
   *
   * The line, with its stream, its number and its time. One that was not finished
   * when it was found is neither terminated nor cut. Of one that had begun before what
   * was searched it is the rest, and [property@Procstream.Line:torn].
   *
   * Since: 1.0
   */
  properties[PROP_LINE] = g_param_spec_object ("line", NULL, NULL, PROCSTREAM_TYPE_LINE, readable);
  /**
   * ProcstreamMatch:text: (getter get_text)
   *
   * The text of the line.
   *
   * Since: 1.0
   */
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, readable);
  /**
   * ProcstreamMatch:groups: (getter get_groups)
   *
   * What was found in it: the whole match, then the groups of the regular
   * expression, empty where one took no part. Of text, the text; of a function of
   * the program, the line.
   *
   * Since: 1.0
   */
  properties[PROP_GROUPS] = g_param_spec_boxed ("groups", NULL, NULL, G_TYPE_STRV, readable);
  /**
   * ProcstreamMatch:pattern: (getter get_pattern)
   *
   * Which pattern found it, counted from 0 in the order in which they were
   * added.
   *
   * Since: 1.0
   */
  properties[PROP_PATTERN] = g_param_spec_uint ("pattern", NULL, NULL, 0, G_MAXUINT, 0, readable);
  /**
   * ProcstreamMatch:end-offset: (getter get_end_offset)
   *
   * Where in the stream that the line is of the match ends: after so many bytes of it, as
   * they were read. There a search with %PROCSTREAM_MATCH_NEXT goes on.
   *
   * Since: 1.0
   */
  properties[PROP_END_OFFSET] = g_param_spec_uint64 ("end-offset", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_match_init (ProcstreamMatch *self)
{
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_match_get_line: (get-property line)
 * @self: a match
 *
 * Gets the line that was found.
 *
 * Returns: (transfer none): the line
 *
 * Since: 1.0
 */
ProcstreamLine *
procstream_match_get_line (ProcstreamMatch *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_MATCH (self), NULL);

  return self->line;
}

/**
 * procstream_match_get_text: (get-property text)
 * @self: a match
 *
 * Gets the text of the line that was found.
 *
 * Returns: (transfer none): valid UTF-8 without the separator
 *
 * Since: 1.0
 */
const char *
procstream_match_get_text (ProcstreamMatch *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_MATCH (self), NULL);

  return self->line ? procstream_line_get_text (self->line) : NULL;
}

/**
 * procstream_match_get_groups: (get-property groups)
 * @self: a match
 *
 * Gets what was found in the line: the whole match, then the groups of the regular
 * expression, empty where one took no part.
 *
 * Returns: (transfer none) (array zero-terminated=1): the groups, at least one
 *
 * Since: 1.0
 */
const char *const *
procstream_match_get_groups (ProcstreamMatch *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_MATCH (self), NULL);

  return (const char *const *) self->groups;
}

/**
 * procstream_match_get_pattern: (get-property pattern)
 * @self: a match
 *
 * Gets which pattern found the line.
 *
 * Returns: a number from 0, in the order in which the patterns were added
 *
 * Since: 1.0
 */
guint
procstream_match_get_pattern (ProcstreamMatch *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_MATCH (self), 0);

  return self->found ? self->found->pattern : 0;
}

/**
 * procstream_match_get_end_offset: (get-property end-offset)
 * @self: a match
 *
 * Gets where in its stream the match ends. Of what a function accepted, that is the end of
 * the line, without its separator.
 *
 * Returns: an offset in bytes
 *
 * Since: 1.0
 */
guint64
procstream_match_get_end_offset (ProcstreamMatch *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_MATCH (self), 0);

  return self->found ? self->found->end_offset : 0;
}

/**
 * procstream_match_get_group:
 * @self: a match
 * @number: a number from 0, for the whole match
 *
 * Gets one group.
 *
 * Returns: (transfer none) (nullable): its text, or %NULL when it took no part in
 *   the match, or there is none of that number
 *
 * Since: 1.0
 */
const char *
procstream_match_get_group (ProcstreamMatch *self,
                            guint            number)
{
  GPtrArray *texts;

  g_return_val_if_fail (PROCSTREAM_IS_MATCH (self), NULL);

  texts = self->found ? self->found->groups.texts : NULL;
  if (texts)
    return number < texts->len ? g_ptr_array_index (texts, number) : NULL;
  return number == 0 ? procstream_match_get_text (self) : NULL;
}

/**
 * procstream_match_get_named_group:
 * @self: a match
 * @name: the name of a group, as in `(?<port>\d+)`
 *
 * Gets one group by its name.
 *
 * Returns: (transfer none) (nullable): its text, or %NULL when it took no part in
 *   the match, or there is none of that name
 *
 * Since: 1.0
 */
const char *
procstream_match_get_named_group (ProcstreamMatch *self,
                                  const char      *name)
{
  GRegex *regex;
  int     number;

  g_return_val_if_fail (PROCSTREAM_IS_MATCH (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  regex = self->found ? self->found->groups.regex : NULL;
  number = regex ? g_regex_get_string_number (regex, name) : -1;
  return number > 0 ? procstream_match_get_group (self, number) : NULL;
}
