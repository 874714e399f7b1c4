using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Cli;

/// <summary>Options whose values are read and refused by the same rules as the keys of a run file.</summary>
internal static class OptionChecks
{
    private static readonly Text PictureName = new("a file name that ends in .svg or .png", static path => Path.GetExtension(path) is ".svg" or ".png");

    /// <summary>The option that overrides the check of memory.</summary>
    public static Option<bool> Force() => new("--force") { Description = "Proceed even if the estimated memory exceeds what is available." };

    /// <summary>A number within bounds.</summary>
    public static Option<double> Number(string name, double otherwise, SettingKind kind, string description) =>
        Checked(name, otherwise, kind, description, static value => (double)value);

    /// <summary>A whole number within bounds.</summary>
    public static Option<int> Whole(string name, int otherwise, SettingKind kind, string description) =>
        Checked(name, otherwise, kind, description, static value => checked((int)(long)value));

    /// <summary>A large whole number within bounds.</summary>
    public static Option<long> Long(string name, long otherwise, SettingKind kind, string description) =>
        Checked(name, otherwise, kind, description, static value => (long)value);

    /// <summary>A number that must be given.</summary>
    public static Option<T> Required<T>(string name, string help, SettingKind kind, string description)
        where T : struct, IConvertible => new(name)
        {
            Description = description,
            HelpName = help,
            Required = true,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Read(result, kind, static value => (T)Convert.ChangeType(value, typeof(T), CultureInfo.InvariantCulture)),
        };

    /// <summary>A number that may be left out.</summary>
    public static Option<T?> Optional<T>(string name, string help, SettingKind kind, string description)
        where T : struct => new(name)
        {
            Description = description,
            HelpName = help,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Read(result, kind, static value => (T?)value),
        };

    /// <summary>The picture that a command writes.</summary>
    public static Option<string?> Picture(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "FILE",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = static result => Read(result, PictureName, static value => (string)value),
    };

    /// <summary>One of a few words; <see cref="ValueOf"/> gives what it stands for.</summary>
    public static Option<string> Word(string name, string otherwise, Choice kind, string description)
    {
        var words = new Option<string>(name)
        {
            Description = description,
            HelpName = string.Join('|', kind.Words),
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Read(result, kind, kind.WordOf),
            DefaultValueFactory = _ => otherwise,
        };
        words.CompletionSources.Add([.. kind.Words]);
        return words;
    }

    /// <summary>What a word of a choice stands for.</summary>
    public static T ValueOf<T>(this Choice kind, string word) =>
        kind.TryRead(word, out var value) ? (T)value : throw new ArgumentException($"'{word}' is none of the words.", nameof(word));

    /// <summary>Reads the one value of an option by a kind's rules, or records a sentence.</summary>
    public static T? Read<T>(ArgumentResult result, SettingKind kind, Func<object, T> cast)
    {
        var text = result.Tokens[^1].Value;
        if (kind.TryRead(text, out var value))
            return cast(value);
        var option = result.Parent is OptionResult parent ? parent.Option.Name : result.Argument.Name;
        result.AddError($"{option} is '{text}', but it must be {kind.ExpectationOf(text)}{NearestName.Hint(text, kind.Words)}");
        return default;
    }

    private static Option<T> Checked<T>(string name, T otherwise, SettingKind kind, string description, Func<object, T> cast) => new(name)
    {
        Description = description,
        HelpName = kind is Whole ? "N" : "X",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Read(result, kind, cast),
        DefaultValueFactory = _ => otherwise,
    };
}
