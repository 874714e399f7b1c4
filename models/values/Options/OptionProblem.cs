using System.Runtime.CompilerServices;

namespace ActorTrain.Models.Options;

/// <summary>A problem of options, in one sentence with property names, which are replaced for display by names in a run file or on the
/// command line.</summary>
public sealed class OptionProblem
{
    private readonly IReadOnlyList<(string Text, bool IsProperty)> parts;
    private readonly string within;

    /// <param name="sentence">Properties are written <c>{nameof(Window):key}</c>, the one to change first.</param>
    public OptionProblem(Sentence sentence)
        : this(sentence.Parts, "")
    {
    }

    private OptionProblem(IReadOnlyList<(string Text, bool IsProperty)> parts, string within) =>
        (this.parts, this.within) = (parts, within);

    /// <summary>The properties involved, as paths from the record that was checked.</summary>
    public IEnumerable<string> Properties => parts.Where(static part => part.IsProperty).Select(part => within + part.Text);

    /// <summary>The same from the enclosing record.</summary>
    public OptionProblem Within(string property) => new(parts, $"{property}.{within}");

    public string In(Func<string, string> name) =>
        string.Concat(parts.Select(part => part.IsProperty ? name(within + part.Text) : part.Text));

    public override string ToString() => In(static path => path);

    /// <summary>Splits an interpolated string into property names and text.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Sentence
    {
        public Sentence(int literalLength, int formattedCount) => Parts = new List<(string, bool)>((2 * formattedCount) + 1);

        internal List<(string Text, bool IsProperty)> Parts { get; }

        public void AppendLiteral(string text) => Parts.Add((text, false));

        /// <summary>Adds a value, or with the format <c>key</c> the name of a property.</summary>
        public void AppendFormatted<T>(T value, string? format = null) =>
            Parts.Add((value is Enum choice ? OptionAttribute.WordOf(choice) : $"{value}", format == "key"));
    }
}
