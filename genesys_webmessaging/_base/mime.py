"""MIME types: that of a file by its name, and which ones a list of allowed ones covers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

# What Java's FileUtils takes for a type (no parameters, no wildcards), with the hyphens that it refuses.
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)

# A table of our own, as the one of mimetypes depends on the machine: a slim image knows neither docx nor webp.
_EXTENSIONS = {
    "application/epub+zip": "epub",
    "application/gzip": "gz tgz",
    "application/java-archive": "jar",
    "application/json": "json",
    "application/jsonl": "jsonl",
    "application/msword": "doc dot",
    "application/octet-stream": "bin",
    "application/pdf": "pdf",
    "application/pkcs7-mime": "p7m",
    "application/pkcs7-signature": "p7s",
    "application/postscript": "ai eps ps",
    "application/rtf": "rtf",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.apple.keynote": "key",
    "application/vnd.apple.numbers": "numbers",
    "application/vnd.apple.pages": "pages",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "xlsb",
    "application/vnd.ms-excel.sheet.macroenabled.12": "xlsm",
    "application/vnd.ms-outlook": "msg",
    "application/vnd.ms-powerpoint": "pps ppt",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": "pptm",
    "application/vnd.ms-project": "mpp",
    "application/vnd.ms-visio.drawing": "vsdx",
    "application/vnd.ms-word.document.macroenabled.12": "docm",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow": "ppsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template": "xltx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template": "dotx",
    "application/vnd.rar": "rar",
    "application/vnd.visio": "vsd",
    "application/wasm": "wasm",
    "application/x-7z-compressed": "7z",
    "application/x-bzip2": "bz2",
    "application/x-msdownload": "exe",
    "application/x-sh": "sh",
    "application/x-tar": "tar",
    "application/x-xz": "xz",
    "application/xhtml+xml": "xhtml",
    "application/xml": "xml",
    "application/yaml": "yaml yml",
    "application/zip": "zip",
    "application/zstd": "zst",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/flac": "flac",
    "audio/midi": "mid midi",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "oga ogg",
    "audio/opus": "opus",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/x-ms-wma": "wma",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "image/apng": "apng",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/jpeg": "jfif jpe jpeg jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tif tiff",
    "image/vnd.adobe.photoshop": "psd",
    "image/vnd.microsoft.icon": "ico",
    "image/webp": "webp",
    "message/rfc822": "eml",
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/html": "htm html",
    "text/javascript": "js",
    "text/markdown": "md",
    "text/plain": "log txt",
    "text/tab-separated-values": "tsv",
    "text/vcard": "vcf",
    "text/x-c": "c",
    "text/x-python": "py",
    "video/3gpp": "3gp",
    "video/3gpp2": "3g2",
    "video/mp4": "mp4",
    "video/mpeg": "mpeg mpg",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/x-m4v": "m4v",
    "video/x-matroska": "mkv",
    "video/x-ms-wmv": "wmv",
    "video/x-msvideo": "avi",
}
_TYPES = {extension: mime_type for mime_type, names in _EXTENSIONS.items() for extension in names.split()}
_UNKNOWN = "application/octet-stream"


def type_of(file_name: str) -> str:
    """The MIME type by the last extension of a name; ``application/octet-stream`` for an unknown one or none."""
    return _TYPES.get(os.path.splitext(file_name)[1][1:].lower(), _UNKNOWN)


def covers(allowed: Iterable[str | None], mime_type: str) -> bool:
    """Tell whether a MIME type is among those allowed.

    Args:
        allowed: Types in any case, also ``image/*`` and ``*/*``.
        mime_type: The type asked for, without parameters.

    Returns:
        False also for text that is not a MIME type at all.
    """
    asked = mime_type.lower()
    if not _TYPE.fullmatch(asked):
        return False
    family = asked.partition("/")[0]
    wanted = {asked, f"{family}/*", "*/*"}
    return any(one is not None and one.lower() in wanted for one in allowed)
