/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-launcher.h"

#include "procstream-enum-types.h"

#include <string.h>

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

/*
 * A bag of properties. Nothing is checked when it is set, so that the order does not matter; procstream-launch.c, where launchers are used,
 * checks everything.
 */
struct _ProcstreamLauncher
{
  GObject parent_instance;

  ProcstreamDelivery      delivery;
  ProcstreamReplay        replay;
  guint64                 replay_limit;
  char                   *name;
  char                   *cwd;
  char                  **environment;
  ProcstreamStdinMode     stdin_mode;
  gboolean                merge_stderr;
  ProcstreamContainment   containment;
  ProcstreamOutputConfig *stdout_config;
  ProcstreamOutputConfig *stderr_config;
};

G_DEFINE_FINAL_TYPE (ProcstreamLauncher, procstream_launcher, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_DELIVERY,
  PROP_REPLAY,
  PROP_REPLAY_LIMIT,
  PROP_NAME,
  PROP_CWD,
  PROP_ENVIRONMENT,
  PROP_STDIN_MODE,
  PROP_MERGE_STDERR,
  PROP_CONTAINMENT,
  PROP_STDOUT_CONFIG,
  PROP_STDERR_CONFIG,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_launcher_dispose (GObject *object)
{
  ProcstreamLauncher *self = PROCSTREAM_LAUNCHER (object);

  g_clear_object (&self->stdout_config);
  g_clear_object (&self->stderr_config);
  G_OBJECT_CLASS (procstream_launcher_parent_class)->dispose (object);
}

static void
procstream_launcher_finalize (GObject *object)
{
  ProcstreamLauncher *self = PROCSTREAM_LAUNCHER (object);

  g_free (self->name);
  g_free (self->cwd);
  g_strfreev (self->environment);
  G_OBJECT_CLASS (procstream_launcher_parent_class)->finalize (object);
}

static void
procstream_launcher_get_property (GObject    *object,
                                  guint       property_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  ProcstreamLauncher *self = PROCSTREAM_LAUNCHER (object);

  switch (property_id)
    {
    case PROP_DELIVERY:
      g_value_set_enum (value, self->delivery);
      break;
    case PROP_REPLAY:
      g_value_set_enum (value, self->replay);
      break;
    case PROP_REPLAY_LIMIT:
      g_value_set_uint64 (value, self->replay_limit);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_CWD:
      g_value_set_string (value, self->cwd);
      break;
    case PROP_ENVIRONMENT:
      g_value_set_boxed (value, self->environment);
      break;
    case PROP_STDIN_MODE:
      g_value_set_enum (value, self->stdin_mode);
      break;
    case PROP_MERGE_STDERR:
      g_value_set_boolean (value, self->merge_stderr);
      break;
    case PROP_CONTAINMENT:
      g_value_set_enum (value, self->containment);
      break;
    case PROP_STDOUT_CONFIG:
      g_value_set_object (value, self->stdout_config);
      break;
    case PROP_STDERR_CONFIG:
      g_value_set_object (value, self->stderr_config);
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

  switch (property_id)
    {
    case PROP_DELIVERY:
      procstream_launcher_set_delivery (self, g_value_get_enum (value));
      break;
    case PROP_REPLAY:
      procstream_launcher_set_replay (self, g_value_get_enum (value));
      break;
    case PROP_REPLAY_LIMIT:
      procstream_launcher_set_replay_limit (self, g_value_get_uint64 (value));
      break;
    case PROP_NAME:
      procstream_launcher_set_name (self, g_value_get_string (value));
      break;
    case PROP_CWD:
      procstream_launcher_set_cwd (self, g_value_get_string (value));
      break;
    case PROP_ENVIRONMENT:
      procstream_launcher_set_environment (self, g_value_get_boxed (value));
      break;
    case PROP_STDIN_MODE:
      procstream_launcher_set_stdin_mode (self, g_value_get_enum (value));
      break;
    case PROP_MERGE_STDERR:
      procstream_launcher_set_merge_stderr (self, g_value_get_boolean (value));
      break;
    case PROP_CONTAINMENT:
      procstream_launcher_set_containment (self, g_value_get_enum (value));
      break;
    case PROP_STDOUT_CONFIG:
      procstream_launcher_set_stdout_config (self, g_value_get_object (value));
      break;
    case PROP_STDERR_CONFIG:
      procstream_launcher_set_stderr_config (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_output_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamLauncher:delivery: (getter get_delivery) (setter set_delivery)
   *
   * What happens when a subscriber of an output does not keep up. It has no
   * default.
   *
   * Since: 1.0
   */
  properties[PROP_DELIVERY] = g_param_spec_enum ("delivery", NULL, NULL, PROCSTREAM_TYPE_DELIVERY,
                                                 PROCSTREAM_DELIVERY_UNSET, flags);
  /**
   * ProcstreamLauncher:replay: (getter get_replay) (setter set_replay)
   *
   * What the outputs keep for late subscribers. It has no default.
   *
   * Since: 1.0
   */
  properties[PROP_REPLAY] = g_param_spec_enum ("replay", NULL, NULL, PROCSTREAM_TYPE_REPLAY,
                                               PROCSTREAM_REPLAY_UNSET, flags);
  /**
   * ProcstreamLauncher:replay-limit: (getter get_replay_limit) (setter set_replay_limit)
   *
   * How many chunks or bytes are kept where [property@Procstream.Launcher:replay]
   * has a limit.
   *
   * Since: 1.0
   */
  properties[PROP_REPLAY_LIMIT] = g_param_spec_uint64 ("replay-limit", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * ProcstreamLauncher:merge-stderr: (getter get_merge_stderr) (setter set_merge_stderr)
   *
   * Whether what a child writes to its standard error goes where its standard
   * output goes, in the order in which it is written. The child's own
   * [property@Procstream.Child:stderr] then ends when it starts.
   *
   * Since: 1.0
   */
  properties[PROP_MERGE_STDERR] = g_param_spec_boolean ("merge-stderr", NULL, NULL, FALSE, flags);
  /**
   * ProcstreamLauncher:stdout-config: (getter get_stdout_config) (setter set_stdout_config)
   *
   * What is different for the standard output, or %NULL.
   *
   * Since: 1.0
   */
  properties[PROP_STDOUT_CONFIG] = g_param_spec_object ("stdout-config", NULL, NULL, PROCSTREAM_TYPE_OUTPUT_CONFIG, flags);
  /**
   * ProcstreamLauncher:stderr-config: (getter get_stderr_config) (setter set_stderr_config)
   *
   * What is different for the standard error, or %NULL. It must be %NULL when
   * the standard error is merged.
   *
   * Since: 1.0
   */
  properties[PROP_STDERR_CONFIG] = g_param_spec_object ("stderr-config", NULL, NULL, PROCSTREAM_TYPE_OUTPUT_CONFIG, flags);
}

static void
install_process_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamLauncher:name: (getter get_name) (setter set_name)
   *
   * What children are called in messages, or %NULL for the name of the program
   * without its directory. Arguments are never part of it.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  /**
   * ProcstreamLauncher:cwd: (type filename) (getter get_cwd) (setter set_cwd)
   *
   * The working directory of children, or %NULL for the program's own at the
   * time of the start. A program that is named by a relative path is found
   * from there.
   *
   * Since: 1.0
   */
  properties[PROP_CWD] = g_param_spec_string ("cwd", NULL, NULL, NULL, flags);
  /**
   * ProcstreamLauncher:environment: (type GStrv) (getter get_environment) (setter set_environment)
   *
   * The whole environment of children, as `NAME=value` strings, or %NULL for
   * the program's own at the time of the start. The program is searched in the
   * `PATH` of the calling program, not in the one that is set here.
   *
   * Since: 1.0
   */
  properties[PROP_ENVIRONMENT] = g_param_spec_boxed ("environment", NULL, NULL, G_TYPE_STRV, flags);
  /**
   * ProcstreamLauncher:stdin-mode: (getter get_stdin_mode) (setter set_stdin_mode)
   *
   * What children read as their standard input; the null device unless set.
   *
   * Since: 1.0
   */
  properties[PROP_STDIN_MODE] = g_param_spec_enum ("stdin-mode", NULL, NULL, PROCSTREAM_TYPE_STDIN_MODE,
                                                   PROCSTREAM_STDIN_MODE_NULL, flags);
  /**
   * ProcstreamLauncher:containment: (getter get_containment) (setter set_containment)
   *
   * What belongs to a child when it is signalled; its process group unless
   * set.
   *
   * Since: 1.0
   */
  properties[PROP_CONTAINMENT] = g_param_spec_enum ("containment", NULL, NULL, PROCSTREAM_TYPE_CONTAINMENT,
                                                    PROCSTREAM_CONTAINMENT_GROUP, flags);
}

static void
procstream_launcher_class_init (ProcstreamLauncherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = procstream_launcher_dispose;
  object_class->finalize = procstream_launcher_finalize;
  object_class->get_property = procstream_launcher_get_property;
  object_class->set_property = procstream_launcher_set_property;
  install_output_properties ();
  install_process_properties ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_launcher_init (ProcstreamLauncher *self)
{
  self->stdin_mode = PROCSTREAM_STDIN_MODE_NULL;
  self->containment = PROCSTREAM_CONTAINMENT_GROUP;
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

/**
 * procstream_launcher_get_delivery: (get-property delivery)
 * @self: a launcher
 *
 * Gets the delivery of both outputs.
 *
 * Returns: the delivery of both outputs
 *
 * Since: 1.0
 */
ProcstreamDelivery
procstream_launcher_get_delivery (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_DELIVERY_UNSET);

  return self->delivery;
}

/**
 * procstream_launcher_set_delivery: (set-property delivery)
 * @self: a launcher
 * @delivery: the delivery of both outputs
 *
 * Sets the delivery of both outputs.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_delivery (ProcstreamLauncher *self, ProcstreamDelivery delivery)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  if (self->delivery == delivery)
    return;
  self->delivery = delivery;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DELIVERY]);
}

/**
 * procstream_launcher_get_replay: (get-property replay)
 * @self: a launcher
 *
 * Gets what the outputs keep for late subscribers.
 *
 * Returns: what the outputs keep for late subscribers
 *
 * Since: 1.0
 */
ProcstreamReplay
procstream_launcher_get_replay (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_REPLAY_UNSET);

  return self->replay;
}

/**
 * procstream_launcher_set_replay: (set-property replay)
 * @self: a launcher
 * @replay: what the outputs keep for late subscribers
 *
 * Sets what the outputs keep for late subscribers.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_replay (ProcstreamLauncher *self, ProcstreamReplay replay)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  if (self->replay == replay)
    return;
  self->replay = replay;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REPLAY]);
}

/**
 * procstream_launcher_get_replay_limit: (get-property replay-limit)
 * @self: a launcher
 *
 * Gets how many chunks or bytes replay keeps.
 *
 * Returns: how many chunks or bytes replay keeps
 *
 * Since: 1.0
 */
guint64
procstream_launcher_get_replay_limit (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), 0);

  return self->replay_limit;
}

/**
 * procstream_launcher_set_replay_limit: (set-property replay-limit)
 * @self: a launcher
 * @replay_limit: how many chunks or bytes replay keeps
 *
 * Sets how many chunks or bytes replay keeps.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_replay_limit (ProcstreamLauncher *self, guint64 replay_limit)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  if (self->replay_limit == replay_limit)
    return;
  self->replay_limit = replay_limit;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REPLAY_LIMIT]);
}

/**
 * procstream_launcher_get_name: (get-property name)
 * @self: a launcher
 *
 * Gets what children are called in messages.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL for that of the program
 *
 * Since: 1.0
 */
const char *
procstream_launcher_get_name (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->name;
}

/**
 * procstream_launcher_set_name: (set-property name)
 * @self: a launcher
 * @name: (nullable): what children are called in messages, or %NULL for the name of the
 *   program
 *
 * Sets what children are called in messages.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_name (ProcstreamLauncher *self, const char *name)
{
  char *copy;

  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  if (g_strcmp0 (self->name, name) == 0)
    return;
  copy = g_strdup (name);
  g_free (self->name);
  self->name = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NAME]);
}

/**
 * procstream_launcher_get_cwd: (get-property cwd)
 * @self: a launcher
 *
 * Gets the working directory of children.
 *
 * Returns: (type filename) (transfer none) (nullable): the directory, or %NULL for
 *   the program's own
 *
 * Since: 1.0
 */
const char *
procstream_launcher_get_cwd (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->cwd;
}

/**
 * procstream_launcher_set_cwd: (set-property cwd)
 * @self: a launcher
 * @cwd: (type filename) (nullable): the working directory of children, or %NULL
 *
 * Sets the working directory of children.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_cwd (ProcstreamLauncher *self, const char *cwd)
{
  char *copy;

  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  if (g_strcmp0 (self->cwd, cwd) == 0)
    return;
  copy = g_strdup (cwd);
  g_free (self->cwd);
  self->cwd = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CWD]);
}

/**
 * procstream_launcher_get_environment: (get-property environment)
 * @self: a launcher
 *
 * Gets the whole environment of children.
 *
 * Returns: (array zero-terminated=1) (element-type filename) (transfer none) (nullable):
 *   `NAME=value` strings, or %NULL for the program's own
 *
 * Since: 1.0
 */
const char *const *
procstream_launcher_get_environment (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return (const char *const *) self->environment;
}

static void
take_environment (ProcstreamLauncher *self,
                  char              **environment)
{
  g_strfreev (self->environment);
  self->environment = environment;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENVIRONMENT]);
}

/**
 * procstream_launcher_set_environment: (set-property environment)
 * @self: a launcher
 * @environment: (array zero-terminated=1) (element-type filename) (nullable): `NAME=value`
 *   strings, or %NULL for the program's own
 *
 * Sets the whole environment of children.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_environment (ProcstreamLauncher *self, const char *const *environment)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  take_environment (self, g_strdupv ((char **) environment));
}

/**
 * procstream_launcher_get_stdin_mode: (get-property stdin-mode)
 * @self: a launcher
 *
 * Gets what children read as their standard input.
 *
 * Returns: what children read as their standard input
 *
 * Since: 1.0
 */
ProcstreamStdinMode
procstream_launcher_get_stdin_mode (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_STDIN_MODE_UNSET);

  return self->stdin_mode;
}

/**
 * procstream_launcher_set_stdin_mode: (set-property stdin-mode)
 * @self: a launcher
 * @stdin_mode: what children read as their standard input
 *
 * Sets what children read as their standard input.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stdin_mode (ProcstreamLauncher *self, ProcstreamStdinMode stdin_mode)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  if (self->stdin_mode == stdin_mode)
    return;
  self->stdin_mode = stdin_mode;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STDIN_MODE]);
}

/**
 * procstream_launcher_get_merge_stderr: (get-property merge-stderr)
 * @self: a launcher
 *
 * Gets whether the standard error goes where the standard output goes.
 *
 * Returns: %TRUE when it does
 *
 * Since: 1.0
 */
gboolean
procstream_launcher_get_merge_stderr (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), FALSE);

  return self->merge_stderr;
}

/**
 * procstream_launcher_set_merge_stderr: (set-property merge-stderr)
 * @self: a launcher
 * @merge_stderr: whether the standard error goes where the standard output goes
 *
 * Sets whether the standard error goes where the standard output goes.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_merge_stderr (ProcstreamLauncher *self, gboolean merge_stderr)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  merge_stderr = !!merge_stderr;
  if (self->merge_stderr == merge_stderr)
    return;
  self->merge_stderr = merge_stderr;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MERGE_STDERR]);
}

/**
 * procstream_launcher_get_containment: (get-property containment)
 * @self: a launcher
 *
 * Gets what belongs to a child when it is signalled.
 *
 * Returns: what belongs to a child when it is signalled
 *
 * Since: 1.0
 */
ProcstreamContainment
procstream_launcher_get_containment (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), PROCSTREAM_CONTAINMENT_UNSET);

  return self->containment;
}

/**
 * procstream_launcher_set_containment: (set-property containment)
 * @self: a launcher
 * @containment: what belongs to a child when it is signalled
 *
 * Sets what belongs to a child when it is signalled.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_containment (ProcstreamLauncher *self, ProcstreamContainment containment)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));

  if (self->containment == containment)
    return;
  self->containment = containment;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONTAINMENT]);
}

/**
 * procstream_launcher_get_stdout_config: (get-property stdout-config)
 * @self: a launcher
 *
 * Gets what is different for the standard output.
 *
 * Returns: (transfer none) (nullable): the configuration, or %NULL
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_launcher_get_stdout_config (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->stdout_config;
}

/**
 * procstream_launcher_set_stdout_config: (set-property stdout-config)
 * @self: a launcher
 * @stdout_config: (nullable): a configuration, or %NULL
 *
 * Sets what is different for the standard output.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stdout_config (ProcstreamLauncher *self, ProcstreamOutputConfig *stdout_config)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (stdout_config == NULL || PROCSTREAM_IS_OUTPUT_CONFIG (stdout_config));

  if (!g_set_object (&self->stdout_config, stdout_config))
    return;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STDOUT_CONFIG]);
}

/**
 * procstream_launcher_get_stderr_config: (get-property stderr-config)
 * @self: a launcher
 *
 * Gets what is different for the standard error.
 *
 * Returns: (transfer none) (nullable): the configuration, or %NULL
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_launcher_get_stderr_config (ProcstreamLauncher *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LAUNCHER (self), NULL);

  return self->stderr_config;
}

/**
 * procstream_launcher_set_stderr_config: (set-property stderr-config)
 * @self: a launcher
 * @stderr_config: (nullable): a configuration, or %NULL
 *
 * Sets what is different for the standard error.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_stderr_config (ProcstreamLauncher *self, ProcstreamOutputConfig *stderr_config)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (stderr_config == NULL || PROCSTREAM_IS_OUTPUT_CONFIG (stderr_config));

  if (!g_set_object (&self->stderr_config, stderr_config))
    return;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STDERR_CONFIG]);
}

static char **
dup_environment (ProcstreamLauncher *self)
{
  return self->environment ? g_strdupv (self->environment) : g_get_environ ();
}

/**
 * procstream_launcher_set_variable:
 * @self: a launcher
 * @variable: (type filename): the name of the variable, not empty and without `=`
 * @value: (type filename): its value
 *
 * Sets one variable in the environment of children. When
 * [property@Procstream.Launcher:environment] is %NULL, it becomes a copy of
 * the program's own first.
 *
 * Since: 1.0
 */
void
procstream_launcher_set_variable (ProcstreamLauncher *self,
                                  const char         *variable,
                                  const char         *value)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (variable != NULL && *variable != '\0' && strchr (variable, '=') == NULL);
  g_return_if_fail (value != NULL);

  take_environment (self, g_environ_setenv (dup_environment (self), variable, value, TRUE));
}

/**
 * procstream_launcher_unset_variable:
 * @self: a launcher
 * @variable: (type filename): the name of the variable, without `=`
 *
 * Removes one variable from the environment of children. When
 * [property@Procstream.Launcher:environment] is %NULL, it becomes a copy of
 * the program's own first.
 *
 * Since: 1.0
 */
void
procstream_launcher_unset_variable (ProcstreamLauncher *self,
                                    const char         *variable)
{
  g_return_if_fail (PROCSTREAM_IS_LAUNCHER (self));
  g_return_if_fail (variable != NULL && strchr (variable, '=') == NULL);

  take_environment (self, g_environ_unsetenv (dup_environment (self), variable));
}
