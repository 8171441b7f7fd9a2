using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>The files of the AOF and their manifest, on the disk. Under the executor's lock.</summary>
sealed class AofFiles(RdbSaving saving, PersistenceSettings settings, ServerLog log)
{
    // What the disk has; see Adopt.
    AofManifest _onDisk = AofManifest.Empty;

    /// <summary>The list, as the disk has it or is about to.</summary>
    public AofManifest Manifest { get; private set; } = AofManifest.Empty;

    /// <summary>The files' directory.</summary>
    public string Directory => settings.PathOf(settings.AppendDirname);

    /// <summary>The list's file.</summary>
    public string ManifestPath => PathOf(settings.AppendFilename + ".manifest");

    /// <summary>The file that is written to.</summary>
    public string CurrentPath => PathOf(Manifest.Incremental[^1].Name);

    /// <summary>Bytes of the base and of incremental files that are not written to any more.</summary>
    public long ClosedBytes { get; private set; }

    /// <summary>Whether what a rewrite replaces stays on the disk, on no list: it holds more than was loaded.</summary>
    public bool KeepsReplaced { get; set; }

    public string PathOf(string name) => Path.Combine(Directory, ConfigText.ToUnicode(name));

    /// <summary>Reads the list; without one there are no files.</summary>
    /// <exception cref="FormatException">The list makes no sense.</exception>
    public void Load()
    {
        _onDisk = File.Exists(ManifestPath) ? Read() : AofManifest.Empty;
        Adopt(_onDisk);
    }

    // Names are bytes, as configuration text is.
    AofManifest Read() => AofManifest.Parse(File.ReadAllText(ManifestPath, Encoding.Latin1));

    /// <summary>
    /// Takes an AOF of one file, as there was before Redis 7, into the directory: it is the base from now on. Does nothing where there is a list.
    /// </summary>
    public void UpgradeIfNeeded()
    {
        var name = settings.AppendFilename;
        var old = settings.PathOf(name);
        if (!File.Exists(old)) return;
        // The list comes first. Where power fails before the file is moved, the next start finds it on the list and moves it.
        if (!File.Exists(ManifestPath))
        {
            Commit(AofManifest.Upgraded(name));
        }
        else if (Read() is not { Base: { } first, Incremental.Count: 0, History.Count: 0 } || first.Name != name || File.Exists(PathOf(name)))
        {
            return;
        }
        saving.Files.Replace(old, PathOf(name));
        saving.Files.SyncDirectory(Directory);
        CountBytes();
        log.AofUpgraded(name, settings.AppendDirname);
    }

    /// <summary>Makes sure that there is a base, were it an empty one, and a file to write to.</summary>
    public void Complete()
    {
        var manifest = Manifest;
        if (manifest.Base is null && manifest.Incremental.Count == 0)
        {
            CreateDirectory();
            manifest = manifest.WithBase(settings.AppendFilename, settings.AofUseRdbPreamble, kept: 0);
            var name = manifest.Base!.Value.Name;
            log.AofBaseCreated(name);
            if (settings.AofUseRdbPreamble) saving.Write(PathOf(name), PathOf($"temp-{Environment.ProcessId}.aof"), isAofBase: true);
            else saving.Files.Create(PathOf(name)).Dispose();
        }
        if (manifest.Incremental.Count == 0)
        {
            manifest = manifest.WithIncremental(settings.AppendFilename);
            // Before it is listed: a file that is listed and not there keeps the server from starting.
            saving.Files.Create(PathOf(manifest.Incremental[^1].Name)).Dispose();
        }
        if (manifest != Manifest) Commit(manifest);
        DeleteHistory();
    }

    /// <summary>
    /// Makes another list the one that counts. The disk has it, or still has the old one whole, wherever power fails.
    /// </summary>
    public void Commit(AofManifest manifest)
    {
        var kept = KeepsReplaced ? manifest.History : [];
        if (kept.Count > 0) manifest = manifest.WithoutHistory();
        var files = saving.Files;
        CreateDirectory();
        var temporary = PathOf($"temp-{settings.AppendFilename}.manifest");
        using (var file = files.Create(temporary))
        {
            file.Write(Encoding.Latin1.GetBytes(manifest.Format()));
            file.Sync();
        }
        files.Replace(temporary, ManifestPath);
        // That is what the next start reads, whether or not it outlives a power failure.
        _onDisk = manifest;
        Adopt(manifest);
        files.SyncDirectory(Directory);
        if (kept.Count == 0) return;
        log.AofKept(string.Join(", ", kept.Select(file => file.Name)), settings.AppendDirname);
        // What is written from here on holds no more than there is.
        KeepsReplaced = false;
    }

    /// <summary>Goes on with a list that the disk is not to have yet: the one before holds everything still.</summary>
    public void Adopt(AofManifest manifest)
    {
        Manifest = manifest;
        CountBytes();
    }

    /// <summary>Goes back to the list that the disk has, and deletes the files that it lacks.</summary>
    public void Revert()
    {
        foreach (var file in Manifest.Incremental.Except(_onDisk.Incremental)) TryDelete(file.Name);
        Adopt(_onDisk);
    }

    /// <summary>Deletes a file that is on no list. If the disk refuses, it stays, in nobody's way.</summary>
    public void TryDelete(string name)
    {
        try
        {
            saving.Files.Delete(PathOf(name));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.AofNotDeleted(name, failure.Message);
        }
    }

    /// <summary>Makes the directory, if there is none.</summary>
    public void CreateDirectory()
    {
        var files = saving.Files;
        if (files.CreateDirectory(Directory)) files.SyncDirectory(Path.GetDirectoryName(Directory)!);
    }

    /// <summary>Deletes the files that a rewrite has replaced, and then takes them off the list.</summary>
    public void DeleteHistory()
    {
        if (Manifest.History.Count == 0 || settings.AofDisableAutoGc) return;
        foreach (var file in Manifest.History) TryDelete(file.Name);
        Commit(Manifest.WithoutHistory());
    }

    void CountBytes()
    {
        ClosedBytes = 0;
        var files = Manifest.Files.ToList();
        for (var i = 0; i < files.Count - (Manifest.Incremental.Count > 0 ? 1 : 0); i++)
        {
            var file = new FileInfo(PathOf(files[i].Name));
            if (file.Exists) ClosedBytes += file.Length;
        }
    }
}
