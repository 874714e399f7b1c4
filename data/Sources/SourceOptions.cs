using ActorTrain.Models.Options;

namespace ActorTrain.Data.Sources;

public sealed record SourceOptions : IOptions
{
    [Option("Files, folders and globs: plain text or .jsonl, optionally gzipped; for other kinds .jsonl or Parquet.", Key = "input")]
    public required IReadOnlyList<string> Inputs { get; init; }

    [Option("Field of a .jsonl line that holds the text; a.b is field b of object a.")]
    public string TextField { get; init; } = "text";

    /// <summary>The separator between documents of a plain text file, such as <c>&lt;|endoftext|&gt;</c>; part of neither. Null: a file is
    /// one document.</summary>
    [Option("Separator between the documents of a text file; without it each file is one document.")]
    public string? DocumentSeparator { get; init; }

    [Option("Replace invalid characters, and skip empty files and malformed records of chats, instead of failing.")]
    public bool Lenient { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (Inputs.Count == 0)
            yield return new($"there is no input: name files, folders or globs with {nameof(Inputs):key}.");
        if (Inputs.Any(string.IsNullOrWhiteSpace))
            yield return new($"{nameof(Inputs):key} is empty: name a file, a folder or a glob.");
        if (string.IsNullOrEmpty(TextField))
            yield return new($"{nameof(TextField):key} is empty: name the field of a record that holds its text.");
        if (DocumentSeparator is { Length: 0 })
            yield return new($"{nameof(DocumentSeparator):key} is empty: give the text between two documents, or omit the option.");
    }
}
