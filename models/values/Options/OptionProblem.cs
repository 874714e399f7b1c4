using System.Runtime.CompilerServices;

namespace ActorTrain.Models.Options;

/// <summary>What is wrong with options, in one sentence. The record that finds it knows the names of its properties; whoever tells it to a
/// person knows what these are called in a run file or on the command line, and puts that in.</summary>
public sealed class OptionProblem
{
    private readonly IReadOnlyList<(string Text, bool IsProperty)> parts;
    private readonly string within;

    /// <summary>Tells a problem of the record that finds it.</summary>
    /// <param name="sentence">The sentence; properties are written <c>{nameof(Window):key}</c>, the one to change first.</param>
    public OptionProblem(Sentence sentence)
        : this(sentence.Parts, "")
    {
    }

    private OptionProblem(IReadOnlyList<(string Text, bool IsProperty)> parts, string within) =>
        (this.parts, this.within) = (parts, within);

    /// <summary>The properties that it is about, as paths from the record that was checked.</summary>
    public IEnumerable<string> Properties => parts.Where(static part => part.IsProperty).Select(part => within + part.Text);

    /// <summary>The same, told from the record around.</summary>
    public OptionProblem Within(string property) => new(parts, $"{property}.{within}");

    /// <summary>The sentence with names of another kind.</summary>
    public string In(Func<string, string> name) =>
        string.Concat(parts.Select(part => part.IsProperty ? name(within + part.Text) : part.Text));

    /// <summary>The sentence in names of properties.</summary>
    public override string ToString() => In(static path => path);

    /// <summary>Takes an interpolated string apart into names of properties and the text between them.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Sentence
    {
        public Sentence(int literalLength, int formattedCount) => Parts = new List<(string, bool)>((2 * formattedCount) + 1);

        internal List<(string Text, bool IsProperty)> Parts { get; }

        public void AppendLiteral(string text) => Parts.Add((text, false));

        /// <summary>Adds a value, or with the format <c>key</c> the name of a property.</summary>
        public void AppendFormatted<T>(T value, string? format = null) =>
            Parts.Add(($"{value}", format == "key"));
    }
}
