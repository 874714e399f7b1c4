using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <summary>Which texts to read, and how.</summary>
public sealed record SourceOptions
{
    /// <summary>Files, folders and globs (<c>*</c>, <c>?</c>, <c>**</c>), read in this order.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The field of a <c>.jsonl</c> record that holds its text; <c>a.b</c> is the field <c>b</c> of the object in <c>a</c>.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>What stands between two documents of a plain text file, such as <c>&lt;|endoftext|&gt;</c>; it belongs to neither. Null: a
    /// file is one document.</summary>
    public string? DocumentSeparator { get; init; }

    /// <summary>Whether invalid UTF-8 is replaced by U+FFFD and empty files are passed over, instead of being refused.</summary>
    public bool Lenient { get; init; }

    /// <summary>Checks what can be checked without touching the disk.</summary>
    /// <exception cref="UserErrorException">An option has no sense.</exception>
    public void Validate()
    {
        if (Inputs.Count == 0)
            throw new UserErrorException("Nothing to read: name files, folders or globs with --input.");
        if (Inputs.Any(string.IsNullOrWhiteSpace))
            throw new UserErrorException("An --input is empty: name a file, a folder or a glob.");
        if (string.IsNullOrEmpty(TextField))
            throw new UserErrorException("--text-field is empty: name the field of a record that holds its text.");
        if (DocumentSeparator is { Length: 0 })
            throw new UserErrorException("--document-separator is empty: name the text between two documents, or leave the option out.");
    }
}
