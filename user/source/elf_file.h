/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an ELF file is and where its code lies; libelf is known here only. */
#ifndef SOURCE_ELF_FILE_H
#define SOURCE_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS 8
#define BUILD_ID_TEXT 17	/* so many hexadecimal digits of it, and NUL */

struct elf_file {
	struct {
		uint64_t offset, size;	/* in the file */
		uint64_t address;	/* as symbol tables count */
	} segments[ELF_SEGMENTS];	/* what is loaded to be run */
	size_t nr_segments;
	bool is_64;
	uint64_t unpacked;	/* bytes that compressed sections claim to become, all of them */
	char build_id[BUILD_ID_TEXT];	/* "": it has none */
};

/* 0, -ENOEXEC for what is no ELF file. @fd stays the caller's; it is mapped (base/sealed.h). */
int elf_file_read(int fd, struct elf_file *file);
/* Where the byte at @offset of the file is in its own count; false: in none of its code. */
bool elf_file_address(const struct elf_file *file, uint64_t offset, uint64_t *address);

#endif
