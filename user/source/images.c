// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens files, names places, remembers both. */
#include "source/images.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sealed.h"
#include "base/text.h"
#include "source/debug.h"
#include "source/elf_file.h"

#define IMAGES 64
/* Of all their files together, in memory, unpacked, too: larger ones, and the oldest beyond it, have none. */
#define COPIED_BYTES (256UL * 1024 * 1024)
#define PLACES 4096 /* of one image, a power of two; half of them used at most */
#define NAME_BYTES 512
#define TEXT_BYTES (2 * NAME_BYTES + 32)
/* Functions that the compiler has put into each other, at most. */
#define INLINED 8

struct image {
	uint64_t inode;
	uint32_t dev;
	uint64_t used;		/* when, in calls */
	char *path;		/* owned; NULL: this slot is free */
	bool opened;
	uint64_t only_of;	/* the maps, by their serial, whose file it is; 0: everybody's */
	size_t copied;		/* bytes */
	struct elf_file file;
	struct debug *debug;	/* owned; NULL: nothing is known but the file's name */
	struct image_place **places; /* owned */
	size_t nr_places;
};

struct images {
	struct keeper *opener;	/* borrowed */
	struct image images[IMAGES];
	uint64_t calls;
	size_t copied;		/* of all images */
};

/* Functions that start programs and threads, by the beginnings of their names. */
static const char *const startup[] = {
	"_start",
	"__libc_start_main",
	"__libc_start_call_main",
	"generic_start_main",
	"start_thread",
	"clone",
	"__clone",
	"thread_start",
	"runtime.main",
	"runtime.goexit",
	"runtime.mstart",
	"runtime.rt0_go",
};

struct images *images_new(struct keeper *opener)
{
	struct images *images = calloc(1, sizeof(*images));

	if (images)
		images->opener = opener;
	return images;
}

static void forget_places(struct image *image)
{
	for (size_t i = 0; image->places && i < PLACES; i++) {
		free(image->places[i]);
		image->places[i] = NULL;
	}
	image->nr_places = 0;
}

static void image_release(struct images *images, struct image *image)
{
	images->copied -= image->copied;
	forget_places(image);
	free(image->places);
	debug_free(image->debug);
	free(image->path);
	*image = (struct image){ .path = NULL };
}

void images_free(struct images *images)
{
	if (!images)
		return;
	for (size_t i = 0; i < IMAGES; i++)
		image_release(images, &images->images[i]);
	free(images);
}

/* Until @size more bytes fit: what has not been asked for longest. */
static void make_room(struct images *images, const struct image *spared, size_t size)
{
	while (images->copied && images->copied + size > COPIED_BYTES) {
		struct image *oldest = NULL, *image;

		for (image = images->images; image < images->images + IMAGES; image++)
			if (image != spared && image->copied &&
			    (!oldest || image->used < oldest->used))
				oldest = image;
		if (!oldest)
			return;
		image_release(images, oldest);
	}
}

/* A copy of the file, which whoever may write to it can't cut off below us; or -errno. */
static int image_copy(struct images *images, const struct image *image, int fd, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > (off_t)COPIED_BYTES)
		return -EFBIG;
	make_room(images, image, st.st_size);
	*size = st.st_size;
	return sealed_copy(fd, *size);
}

static void image_open(struct images *images, struct image *image, const struct maps *maps,
		       const struct maps_region *region)
{
	size_t size = 0;
	bool surely;
	int fd = maps_open(images->opener, maps, region, &surely), copy;

	image->opened = fd >= 0 || fd == -ENOEXEC;
	if (fd < 0)
		return;
	image->only_of = surely ? 0 : maps->serial;
	copy = image_copy(images, image, fd, &size);
	close(fd);
	if (copy < 0)
		return;
	if (elf_file_read(copy, &image->file) || !image->file.is_64 ||
	    image->file.unpacked > COPIED_BYTES - size) {
		close(copy);
		return;
	}
	size += image->file.unpacked;
	make_room(images, image, size);
	image->debug = debug_open(copy, image->path);
	if (image->debug)
		images->copied += image->copied = size;
}

static bool is_of(const struct image *image, const struct maps *maps,
		  const struct maps_region *region, const char *path)
{
	return image->path && (!image->only_of || image->only_of == maps->serial) &&
	       image->inode == region->inode && image->dev == region->dev &&
	       !strcmp(image->path, path);
}

static struct image *image_of(struct images *images, const struct maps *maps,
			      const struct maps_region *region)
{
	const char *path = maps_path(maps, region);
	struct image *oldest = &images->images[0], *image;

	for (image = images->images; image < images->images + IMAGES; image++) {
		if (is_of(image, maps, region, path))
			break;
		if (image->used < oldest->used)
			oldest = image;
	}
	if (image == images->images + IMAGES) {
		image = oldest;
		image_release(images, image);
		image->path = strdup(path);
		image->places = calloc(PLACES, sizeof(struct image_place *));
		if (!image->path || !image->places) {
			image_release(images, image);
			return NULL;
		}
		image->inode = region->inode;
		image->dev = region->dev;
	}
	image->used = ++images->calls;
	/* a process that was gone too soon may be followed by one that is not */
	if (!image->opened) {
		image_open(images, image, maps, region);
		if (image->opened)
			forget_places(image);
	}
	return image;
}

static bool is_startup(const char *function)
{
	for (size_t i = 0; i < sizeof(startup) / sizeof(startup[0]); i++) {
		size_t len = strlen(startup[i]);

		/* clone3, __libc_start_main_impl, runtime.goexit.abi0; not clone_repository */
		if (!strncmp(function, startup[i], len) &&
		    (!function[len] || function[len] == '3' || function[len] == '.' ||
		     !strcmp(function + len, "_impl")))
			return true;
	}
	return false;
}

/* The file's name without its folders. */
static const char *module_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A line of text, without its end; its length. */
static size_t write_site(const struct image *image, uint64_t address, const struct debug_site *site,
			 char *text, size_t room)
{
	const char *module = module_name(image->path);
	char name[NAME_BYTES], file[NAME_BYTES];
	int len;

	if (site->function)
		text_clean(site->function, strlen(site->function), name, sizeof(name));
	else
		text_clean(module, strlen(module), name, sizeof(name));
	if (!site->function) {
		len = snprintf(text, room, "%s+0x%" PRIx64 "%s%s%s", name, address,
			       image->file.build_id[0] ? " [" : "", image->file.build_id,
			       image->file.build_id[0] ? "]" : "");
	} else if (!site->file) {
		len = snprintf(text, room, "%s", name);
	} else {
		text_clean(site->file, strlen(site->file), file, sizeof(file));
		len = snprintf(text, room, "%s %s:%d", name, file, site->line);
	}
	return len < (int)room ? (size_t)len : room - 1;
}

static struct image_place *place_new(const struct image *image, uint64_t address)
{
	struct debug_site sites[INLINED] = { { .function = NULL } };
	const char *outermost;
	struct image_place *place;
	char text[INLINED * TEXT_BYTES];
	unsigned int count = 1;
	size_t len = 0;

	if (image->debug)
		count = debug_sites(image->debug, address, sites, INLINED);
	for (unsigned int i = 0; i < count; i++) {
		if (i)
			text[len++] = '\n';
		len += write_site(image, address, &sites[i], text + len, TEXT_BYTES - 1);
	}
	outermost = sites[count - 1].function;
	place = calloc(1, sizeof(*place) + strlen(text) + 1);
	if (!place)
		return NULL;
	place->address = address;
	strcpy(place->text, text);
	place->startup = outermost && is_startup(outermost);
	if (place->startup || (outermost && !strcmp(outermost, "main")))
		place->rule.base = FRAME_OUTERMOST;
	else if (image->debug)
		debug_rule(image->debug, address, &place->rule);
	return place;
}

static const struct image_place *place_of(struct image *image, uint64_t address)
{
	size_t slot = (address * 0x9e3779b97f4a7c15ULL >> 32) & (PLACES - 1);

	while (image->places[slot] && image->places[slot]->address != address)
		slot = (slot + 1) & (PLACES - 1);
	if (image->places[slot])
		return image->places[slot];
	if (image->nr_places == PLACES / 2) {
		forget_places(image);
		slot = (address * 0x9e3779b97f4a7c15ULL >> 32) & (PLACES - 1);
	}
	image->places[slot] = place_new(image, address);
	image->nr_places += image->places[slot] != NULL;
	return image->places[slot];
}

const struct image_place *images_place(struct images *images, const struct maps *maps, uint64_t ip,
				       bool is_return)
{
	uint64_t at = ip - is_return, address;
	const struct maps_region *region = maps_find(maps, at);
	struct image *image;

	if (!region || !region->inode)
		return NULL;
	image = image_of(images, maps, region);
	if (!image)
		return NULL;
	/* of a file out of reach only this is known */
	address = at - region->start + region->offset;
	if (image->opened)
		elf_file_address(&image->file, address, &address);
	return place_of(image, address);
}
