// SPDX-License-Identifier: GPL-2.0-or-later
/* Program headers and the note with the build-id. */
#include "source/elf_file.h"

#include <endian.h>
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOTES_MAX 65536 /* a file that claims more is none to believe */

static void find_build_id(Elf *elf, const GElf_Phdr *header, struct elf_file *file)
{
	Elf_Data *data;
	size_t at = 0, next, name_at, desc_at;
	GElf_Nhdr note;

	if (header->p_filesz > NOTES_MAX || file->build_id[0])
		return;
	data = elf_getdata_rawchunk(elf, header->p_offset, header->p_filesz,
				    header->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	while (data && (next = gelf_getnote(data, at, &note, &name_at, &desc_at))) {
		const unsigned char *desc = (const unsigned char *)data->d_buf + desc_at;

		at = next;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
		    memcmp((const char *)data->d_buf + name_at, "GNU", sizeof("GNU")))
			continue;
		for (size_t i = 0; i < note.n_descsz && i < BUILD_ID_TEXT / 2; i++)
			snprintf(file->build_id + 2 * i, 3, "%02x", desc[i]);
		return;
	}
}

static void add_segment(struct elf_file *file, const GElf_Phdr *header)
{
	if (file->nr_segments == ELF_SEGMENTS || !(header->p_flags & PF_X))
		return;
	file->segments[file->nr_segments].offset = header->p_offset;
	file->segments[file->nr_segments].size = header->p_filesz;
	file->segments[file->nr_segments].address = header->p_vaddr;
	file->nr_segments++;
}

/* As of old, by the name: "ZLIB" and the size, the highest byte first. */
static uint64_t old_unpacked(Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	const char magic[4] = "ZLIB";
	const char *name = NULL;
	Elf_Data *data = NULL;
	uint64_t size = 0;
	size_t names;

	if (!elf_getshdrstrndx(elf, &names))
		name = elf_strptr(elf, names, header->sh_name);
	if (name && !strncmp(name, ".zdebug", 7))
		data = elf_rawdata(section, NULL);
	if (data && data->d_size >= sizeof(magic) + sizeof(size) &&
	    !memcmp(data->d_buf, magic, sizeof(magic)))
		memcpy(&size, (const char *)data->d_buf + sizeof(magic), sizeof(size));
	return be64toh(size);
}

static void add_section(struct elf_file *file, Elf *elf, Elf_Scn *section)
{
	GElf_Shdr header;
	GElf_Chdr packed;
	uint64_t size = 0;

	if (!gelf_getshdr(section, &header))
		return;
	if (!(header.sh_flags & SHF_COMPRESSED))
		size = old_unpacked(elf, section, &header);
	else if (gelf_getchdr(section, &packed))
		size = packed.ch_size;
	if (__builtin_add_overflow(file->unpacked, size, &file->unpacked))
		file->unpacked = UINT64_MAX;
}

/* Of sections beyond 65,279, which no linker makes, and libelf makes room for whatever is claimed. */
static bool has_countless_sections(int fd)
{
	Elf64_Ehdr head;

	return pread(fd, &head, sizeof(head), 0) == sizeof(head) &&
	       head.e_ident[EI_CLASS] == ELFCLASS64 && head.e_shoff && !head.e_shnum;
}

int elf_file_read(int fd, struct elf_file *file)
{
	Elf_Scn *section = NULL;
	GElf_Phdr header;
	size_t count = 0;
	Elf *elf;

	memset(file, 0, sizeof(*file));
	if (has_countless_sections(fd))
		return -ENOEXEC;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return -ENOEXEC;
	if (elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &count)) {
		elf_end(elf);
		return -ENOEXEC;
	}
	file->is_64 = gelf_getclass(elf) == ELFCLASS64;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, i, &header))
			continue;
		if (header.p_type == PT_LOAD)
			add_segment(file, &header);
		else if (header.p_type == PT_NOTE)
			find_build_id(elf, &header, file);
	}
	while ((section = elf_nextscn(elf, section)))
		add_section(file, elf, section);
	elf_end(elf);
	return 0;
}

bool elf_file_address(const struct elf_file *file, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < file->nr_segments; i++)
		if (offset - file->segments[i].offset < file->segments[i].size) {
			*address = offset - file->segments[i].offset + file->segments[i].address;
			return true;
		}
	return false;
}
