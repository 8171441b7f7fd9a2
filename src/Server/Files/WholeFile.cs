namespace MiniRedis.Server.Files;

/// <summary>Files that are replaced as a whole: after a crash the old one or the new one is there, and complete.</summary>
static class WholeFile
{
    /// <summary>
    /// Writes a file beside the old one, syncs it and renames it over the old one. The new file keeps the mode of the old one (Redis makes
    /// every rewritten file world-readable, even with passwords in it).
    /// </summary>
    /// <param name="path">Of the file.</param>
    /// <param name="content">All that it is to hold.</param>
    /// <param name="sync">Without it the disk has the new file some time later: a power failure may leave an empty one.</param>
    /// <exception cref="IOException">The file cannot be replaced; the old one is then still in place.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool sync = true)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}"[..(path.Length + 7)];
        var created = false;
        try
        {
            using (var file = DiskFile.Open(temporary, DiskFileMode.New, Disk.PermissionsOf(path)))
            {
                created = true;
                file.Write(content);
                if (sync) file.Sync();
            }
            Disk.Replace(temporary, path);
            created = false;
            if (sync) Disk.SyncDirectory(Path.GetDirectoryName(path)!);
        }
        finally
        {
            if (created) TryDelete(temporary);
        }
    }

    static void TryDelete(string temporary)
    {
        try
        {
            Disk.Delete(temporary);
        }
        catch (IOException)
        {
            // What went wrong before is what is told.
        }
    }
}
