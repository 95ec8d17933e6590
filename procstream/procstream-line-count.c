/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-count-private.h"

#include <string.h>

#define EACH_BYTE(b) (G_GUINT64_CONSTANT (0x0101010101010101) * (b))

/* Each byte of a sum holds as many as this. */
#define WORDS_PER_SUM 255

/* A 1 in each byte that is a line feed: no carry goes from one byte to the next. */
static inline guint64
mark_feeds (guint64 word)
{
  const guint64 low = EACH_BYTE (0x7f);
  guint64       other = word ^ EACH_BYTE ('\n');

  return (~(((other & low) + low) | other) & ~low) >> 7;
}

static inline guint64
add_up_bytes (guint64 sum)
{
  const guint64 even = G_GUINT64_CONSTANT (0x00ff00ff00ff00ff);

  return (((sum & even) + (sum >> 8 & even)) * G_GUINT64_CONSTANT (0x0001000100010001)) >> 48;
}

/* Eight bytes at a time: it is done for everything that a child writes, where memchr() would stop at every line. */
guint64
procstream_line_count_feeds (const guint8 *data,
                             gsize         size)
{
  gsize   words = size / sizeof (guint64);
  guint64 n = 0;

  size %= sizeof (guint64);
  while (words > 0)
    {
      gsize   some = MIN (words, WORDS_PER_SUM);
      guint64 sum = 0;

      for (gsize i = 0; i < some; i++, data += sizeof (guint64))
        {
          guint64 word;

          memcpy (&word, data, sizeof word);
          sum += mark_feeds (word);
        }
      n += add_up_bytes (sum);
      words -= some;
    }
  for (gsize i = 0; i < size; i++)
    n += data[i] == '\n';
  return n;
}

guint64
procstream_line_count (const guint8 *data,
                       gsize         size)
{
  return procstream_line_count_feeds (data, size) + (size > 0 && data[size - 1] != '\n');
}
