/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-launcher-private.h"

/**
 * ProcstreamLauncher:
 *
 * How children are to be run.
 *
 * A launcher is set up through its properties and used any number of times.
 * A child takes a snapshot: what is changed later is for later children.
 *
 * [property@Procstream.Launcher:delivery] and
 * [property@Procstream.Launcher:replay] have no default. A child with an output
 * that needs them, and finds them neither here nor in the configuration of that
 * output, is refused with an error that names the property.
 *
 * [method@Procstream.Launcher.create] makes a child that does not run yet;
 * [method@Procstream.Launcher.spawnv] and
 * [method@Procstream.Launcher.spawn_async] make one and start it.
 *
 * A child starts with every signal at its default and none blocked, even one that the
 * program ignores, such as `SIGHUP` under `nohup`.
 *
 * A launcher is not thread-safe: use it in one thread at a time. The children
 * belong to the thread, and its thread-default main context, that made them.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (ProcstreamLauncher, procstream_launcher, G_TYPE_OBJECT)

/* By their numbers, which count from 1: the properties, and the offsets of their fields. */
#define MAX_PROPERTIES 64
static GParamSpec *properties[MAX_PROPERTIES + 1];
static gsize       fields[MAX_PROPERTIES + 1];
static guint       n_properties;

void
procstream_launcher_add_property (GObjectClass *klass,
                                  gsize         field,
                                  GParamSpec   *spec)
{
  g_assert (n_properties < MAX_PROPERTIES);
  fields[++n_properties] = field;
  properties[n_properties] = spec;
  g_object_class_install_property (klass, n_properties, spec);
}

/* --- Values by type ----------------------------------------------------------------------------------------------------------- */

static gpointer
find_field (ProcstreamLauncher *self,
            const char         *property,
            GParamSpec        **pspec)
{
  *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (self), property);
  return G_STRUCT_MEMBER_P (self, fields[(*pspec)->param_id]);
}

void
procstream_launcher_store_int (ProcstreamLauncher *self,
                               const char         *property,
                               int                 value)
{
  GParamSpec *pspec;
  int        *field = find_field (self, property, &pspec);

  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
}

void
procstream_launcher_store_int64 (ProcstreamLauncher *self,
                                 const char         *property,
                                 gint64              value)
{
  GParamSpec *pspec;
  gint64     *field = find_field (self, property, &pspec);

  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
}

void
procstream_launcher_store_uint64 (ProcstreamLauncher *self,
                                  const char         *property,
                                  guint64             value)
{
  GParamSpec *pspec;
  guint64    *field = find_field (self, property, &pspec);

  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
}

/* What is set to what it is counts as set last, all the same. */
static void
follow_again (ProcstreamLauncher *self,
              const char         *property,
              gconstpointer       value)
{
  if (value)
    procstream_launcher_follow_stdin (self, property);
}

void
procstream_launcher_store_string (ProcstreamLauncher *self,
                                  const char         *property,
                                  const char         *value)
{
  GParamSpec *pspec;
  char      **field = find_field (self, property, &pspec);
  char       *copy;

  if (g_strcmp0 (*field, value) == 0)
    {
      follow_again (self, property, value);
      return;
    }
  /* It may be a part of what is there. */
  copy = g_strdup (value);
  g_free (*field);
  *field = copy;
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
  procstream_launcher_follow_stdin (self, property);
}

void
procstream_launcher_store_object (ProcstreamLauncher *self,
                                  const char         *property,
                                  gpointer            value)
{
  GParamSpec *pspec;
  GObject   **field = find_field (self, property, &pspec);

  if (!g_set_object (field, value))
    {
      follow_again (self, property, value);
      return;
    }
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
  procstream_launcher_follow_stdin (self, property);
}

void
procstream_launcher_store_bytes (ProcstreamLauncher *self,
                                 const char         *property,
                                 GBytes             *value)
{
  GParamSpec *pspec;
  GBytes    **field = find_field (self, property, &pspec);
  GBytes     *before = *field;

  if (before == value)
    {
      follow_again (self, property, value);
      return;
    }
  *field = value ? g_bytes_ref (value) : NULL;
  g_clear_pointer (&before, g_bytes_unref);
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
  procstream_launcher_follow_stdin (self, property);
}

void
procstream_launcher_take_strv (ProcstreamLauncher *self,
                               const char         *property,
                               char              **value)
{
  GParamSpec *pspec;
  char     ***field = find_field (self, property, &pspec);

  g_strfreev (*field);
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
}

/* The environment is the only one, and so is set as a whole, by whatever way. */
void
procstream_launcher_store_strv (ProcstreamLauncher *self,
                                const char         *property,
                                const char *const  *value)
{
  g_clear_pointer (&self->odd_variable, g_free);
  procstream_launcher_take_strv (self, property, g_strdupv ((char **) value));
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_launcher_finalize (GObject *object)
{
  for (guint i = 1; i <= n_properties; i++)
    {
      gpointer field = G_STRUCT_MEMBER_P (object, fields[i]);

      if (G_IS_PARAM_SPEC_OBJECT (properties[i]))
        g_clear_object ((GObject **) field);
      else if (G_IS_PARAM_SPEC_STRING (properties[i]))
        g_clear_pointer ((char **) field, g_free);
      else if (properties[i]->value_type == G_TYPE_BYTES)
        g_clear_pointer ((GBytes **) field, g_bytes_unref);
      else if (G_IS_PARAM_SPEC_BOXED (properties[i]))
        g_clear_pointer ((char ***) field, g_strfreev);
    }
  g_clear_pointer (&PROCSTREAM_LAUNCHER (object)->fds, g_array_unref);
  g_clear_pointer (&PROCSTREAM_LAUNCHER (object)->odd_variable, g_free);
  G_OBJECT_CLASS (procstream_launcher_parent_class)->finalize (object);
}

static void
procstream_launcher_get_property (GObject    *object,
                                  guint       property_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  gpointer field = G_STRUCT_MEMBER_P (object, fields[property_id]);

  switch (G_TYPE_FUNDAMENTAL (pspec->value_type))
    {
    case G_TYPE_ENUM:
      g_value_set_enum (value, *(int *) field);
      break;
    case G_TYPE_FLAGS:
      g_value_set_flags (value, *(guint *) field);
      break;
    case G_TYPE_INT:
      g_value_set_int (value, *(int *) field);
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, *(guint *) field);
      break;
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, *(int *) field);
      break;
    case G_TYPE_INT64:
      g_value_set_int64 (value, *(gint64 *) field);
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, *(guint64 *) field);
      break;
    case G_TYPE_STRING:
      g_value_set_string (value, *(char **) field);
      break;
    case G_TYPE_BOXED:
      g_value_set_boxed (value, *(gconstpointer *) field);
      break;
    case G_TYPE_OBJECT:
      g_value_set_object (value, *(GObject **) field);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_launcher_set_property (GObject      *object,
                                  guint         property_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  ProcstreamLauncher *self = PROCSTREAM_LAUNCHER (object);

  switch (G_TYPE_FUNDAMENTAL (pspec->value_type))
    {
    case G_TYPE_ENUM:
      procstream_launcher_store_int (self, pspec->name, g_value_get_enum (value));
      break;
    case G_TYPE_FLAGS:
      procstream_launcher_store_int (self, pspec->name, g_value_get_flags (value));
      break;
    case G_TYPE_INT:
      procstream_launcher_store_int (self, pspec->name, g_value_get_int (value));
      break;
    case G_TYPE_UINT:
      procstream_launcher_store_int (self, pspec->name, (int) g_value_get_uint (value));
      break;
    case G_TYPE_BOOLEAN:
      procstream_launcher_store_int (self, pspec->name, g_value_get_boolean (value));
      break;
    case G_TYPE_INT64:
      procstream_launcher_store_int64 (self, pspec->name, g_value_get_int64 (value));
      break;
    case G_TYPE_UINT64:
      procstream_launcher_store_uint64 (self, pspec->name, g_value_get_uint64 (value));
      break;
    case G_TYPE_STRING:
      procstream_launcher_store_string (self, pspec->name, g_value_get_string (value));
      break;
    case G_TYPE_BOXED:
      if (pspec->value_type == G_TYPE_BYTES)
        procstream_launcher_store_bytes (self, pspec->name, g_value_get_boxed (value));
      else
        procstream_launcher_store_strv (self, pspec->name, g_value_get_boxed (value));
      break;
    case G_TYPE_OBJECT:
      procstream_launcher_store_object (self, pspec->name, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_launcher_class_init (ProcstreamLauncherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = procstream_launcher_finalize;
  object_class->get_property = procstream_launcher_get_property;
  object_class->set_property = procstream_launcher_set_property;
  procstream_launcher_install_streams (object_class);
  procstream_launcher_install_stdin (object_class);
  procstream_launcher_install_name (object_class);
  procstream_launcher_install_order (object_class);
  procstream_launcher_install_process (object_class);
  procstream_launcher_install_life (object_class);
  procstream_launcher_install_guard (object_class);
  procstream_launcher_install_idle (object_class);
  procstream_launcher_install_environment (object_class);
  procstream_launcher_install_pty (object_class);
}

/* Numbers start as the properties say; everything else is NULL. */
static void
procstream_launcher_init (ProcstreamLauncher *self)
{
  self->success[0] = 1;
  for (guint i = 1; i <= n_properties; i++)
    {
      gpointer field = G_STRUCT_MEMBER_P (self, fields[i]);

      if (G_IS_PARAM_SPEC_ENUM (properties[i]))
        *(int *) field = G_PARAM_SPEC_ENUM (properties[i])->default_value;
      else if (G_IS_PARAM_SPEC_BOOLEAN (properties[i]))
        *(int *) field = G_PARAM_SPEC_BOOLEAN (properties[i])->default_value;
      else if (G_IS_PARAM_SPEC_INT64 (properties[i]))
        *(gint64 *) field = G_PARAM_SPEC_INT64 (properties[i])->default_value;
      else if (G_IS_PARAM_SPEC_UINT64 (properties[i]))
        *(guint64 *) field = G_PARAM_SPEC_UINT64 (properties[i])->default_value;
      else if (G_IS_PARAM_SPEC_INT (properties[i]))
        *(int *) field = G_PARAM_SPEC_INT (properties[i])->default_value;
      else if (G_IS_PARAM_SPEC_UINT (properties[i]))
        *(guint *) field = G_PARAM_SPEC_UINT (properties[i])->default_value;
      else if (G_IS_PARAM_SPEC_FLAGS (properties[i]))
        *(guint *) field = G_PARAM_SPEC_FLAGS (properties[i])->default_value;
    }
}

/**
 * procstream_launcher_new:
 * @delivery: the delivery of both outputs
 * @replay: the replay of both outputs
 *
 * Makes a launcher with a policy for both outputs.
 *
 * Returns: (transfer full): a new launcher
 *
 * Since: 1.0
 */
ProcstreamLauncher *
procstream_launcher_new (ProcstreamDelivery delivery,
                         ProcstreamReplay   replay)
{
  return g_object_new (PROCSTREAM_TYPE_LAUNCHER, "delivery", delivery, "replay", replay, NULL);
}
