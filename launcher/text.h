/* Strings: read where they are, put together in one place that is never freed, as the process lives for a moment. */
#ifndef TEXT_H
#define TEXT_H

#include "system.h"

/* Together more than settings and paths can be. What an error quotes is cut, and what does not fit is left out. */
enum { MOST = 1 << 18, MOST_QUOTED = 1000, SPARE = 1 << 14 };
static char made[MOST];
static size_t used;

static size_t length(const char *text)
{
    size_t count = 0;
    while (text[count])
        count++;
    return count;
}

static const char *skip(const char *text) { return text + length(text) + 1; }

static const char *skip_list(const char *text)
{
    while (*text)
        text = skip(text);
    return text + 1;
}

/* What follows if the text begins so, else NULL. */
static const char *after(const char *beginning, const char *text)
{
    while (*beginning && *beginning == *text)
        beginning++, text++;
    return *beginning ? NULL : text;
}

static int is_equal(const char *one, const char *other)
{
    const char *rest = after(one, other);
    return rest && !*rest;
}

static const char *last_part(const char *path)
{
    const char *last = path;
    for (; *path; path++)
        if (*path == '/')
            last = path + 1;
    return last;
}

static void add(const char *text)
{
    while (*text && used < MOST - SPARE)
        made[used++] = *text++;
}

/* Inside a string of JSON, and not more than people read. */
static void add_quoted(const char *text)
{
    for (int count = 0; *text && count < MOST_QUOTED; text++, count++) {
        char letter[] = {*text < ' ' || *text > '~' ? '?' : *text, 0};
        add(*text == '"' || *text == '\\' ? "\\" : "");
        add(letter);
    }
}

static char *join(const char *one, const char *two, const char *three, const char *four)
{
    char *text = made + used;
    add(one), add(two), add(three), add(four);
    made[used++] = 0;
    return text;
}

static char *find_variable(char **environ, const char *name)
{
    for (; *environ; environ++) {
        const char *rest = after(name, *environ);
        if (rest && *rest == '=')
            return *environ;
    }
    return NULL;
}

#endif
