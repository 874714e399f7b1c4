using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Host.Reports;

/// <summary>A file that a command writes for its user, atomically.</summary>
internal static class ReportFile
{
    /// <summary>Rejects a path without a folder before any work is done for it.</summary>
    /// <param name="option">The option that names the file, for messages.</param>
    /// <exception cref="UserErrorException">The folder does not exist, or the path is that of a folder.</exception>
    public static void Require(string path, string option)
    {
        if (Directory.Exists(path))
            throw new UserErrorException($"Cannot write '{path}': it is a folder; name a file with {option}.");
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
            throw new UserErrorException($"Cannot write '{path}': there is no folder {folder}; create it, "
                + $"or name another file with {option}.");
    }

    /// <param name="option">The option that names the file, for messages.</param>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public static void Write(string path, string option, Action<Stream> write)
    {
        Require(path, option);
        var unfinished = path + ".tmp";
        try
        {
            using (var file = File.Create(unfinished))
            {
                write(file);
                file.Flush();
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Disk.TryDelete(unfinished);
            throw new UserErrorException($"Cannot write '{path}': {error.Message.TrimEnd('.')}; name another file with {option}.", error);
        }
    }
}
