using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;
using ActorTrain.Host.Configuration;
using ActorTrain.Models.Options;

namespace ActorTrain.Host.Cli;

/// <summary>Options whose values are parsed and checked like the keys of a run file.</summary>
internal static class OptionChecks
{
    private static readonly Text PictureName = new(
        "a file name that ends in .svg or .png", static path => Path.GetExtension(path) is ".svg" or ".png" ? path : null);

    /// <summary>The option that overrides the memory check.</summary>
    public static Option<bool> Force() =>
        new("--force") { Description = "Proceed even if the estimated memory exceeds what is available." };

    /// <summary>The option for a file that tells whether the process is ready.</summary>
    public static Option<string?> ReadyFile() => new("--ready-file")
    {
        Description = "A file that exists while the process does its work: the run is led, or stood by for; the node has a place.",
        HelpName = "FILE",
        Arity = ArgumentArity.ExactlyOne,
    };

    /// <summary>An option declared by a record: see <see cref="OptionAttribute"/>.</summary>
    /// <typeparam name="T">The type of its values here.</typeparam>
    /// <param name="defaults">A record with the default values.</param>
    /// <param name="help">Placeholder of a value in the help.</param>
    public static Option<T> Declared<T>(IOptions defaults, string property, string? help = null)
    {
        var (at, value) = (PropertyOf(defaults.GetType(), property), PropertyOf(defaults.GetType(), property).GetValue(defaults));
        var setting = new Setting([at], at.GetCustomAttribute<OptionAttribute>()!, NameOf(at), null, value);
        var made = new Option<T>(setting.Key) { Description = setting.Help, HelpName = help, Required = setting.IsRequired };
        if (value is not (null or bool) && !setting.IsRequired)
            made.DefaultValueFactory = _ => Cast(value);
        if (setting.Kind is Configuration.Whole or Configuration.Number)
        {
            made.HelpName = setting.Kind is Configuration.Whole ? "N" : "X";
            made.Arity = ArgumentArity.ExactlyOne;
            made.CustomParser = result => Read(result, setting.Kind, Cast);
        }

        return made;

        static T Cast(object value) => (T)Convert.ChangeType(value, typeof(T), CultureInfo.InvariantCulture);
    }

    public static string HelpOf(IOptions record, string property) =>
        PropertyOf(record.GetType(), property).GetCustomAttribute<OptionAttribute>()!.Help;

    /// <summary>The option of a property, given its path from a record.</summary>
    public static string NameIn<TOptions>(string path) =>
        NameOf(path.Split('.').Aggregate((Type: typeof(TOptions), Property: (PropertyInfo?)null), static (at, name) =>
        {
            var property = PropertyOf(at.Type, name);
            return (property.PropertyType, property);
        }).Property!);

    public static Option<double> Number(string name, double otherwise, SettingKind kind, string description) =>
        Checked(name, otherwise, kind, description, static value => (double)value);

    public static Option<int> Whole(string name, int otherwise, SettingKind kind, string description) =>
        Checked(name, otherwise, kind, description, static value => checked((int)(long)value));

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
            CustomParser = result =>
                Read(result, kind, static value => (T)Convert.ChangeType(value, typeof(T), CultureInfo.InvariantCulture)),
        };

    public static Option<T?> Optional<T>(string name, string help, SettingKind kind, string description)
        where T : struct => new(name)
        {
            Description = description,
            HelpName = help,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Read(result, kind, static value =>
            value is T read ? read : (T?)Convert.ChangeType(value, typeof(T), CultureInfo.InvariantCulture)),
        };

    public static Option<string?> Picture(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "FILE",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = static result => Read(result, PictureName, static value => (string)value),
    };

    /// <summary>One of a few words; <see cref="ValueOf"/> maps it to its value.</summary>
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

    public static T ValueOf<T>(this Choice kind, string word) =>
        kind.TryRead(word, out var value) ? (T)value : throw new ArgumentException($"'{word}' is not one of the values.", nameof(word));

    /// <summary>For validators, what the word given for an option or argument stands for; null if none is given, or a wrong one, which is
    /// rejected elsewhere.</summary>
    public static T? GivenFor<T>(this Choice kind, SymbolResult? result)
        where T : struct =>
        result?.Tokens is [.., var word] && kind.TryRead(word.Value, out var value) ? (T)value : null;

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

    private static PropertyInfo PropertyOf(Type record, string name) => record.GetProperty(name)!;

    private static string NameOf(PropertyInfo property) =>
        "--" + (property.GetCustomAttribute<OptionAttribute>()?.Key ?? Settings.Snake(property.Name).Replace('_', '-'));

    private static Option<T> Checked<T>(string name, T otherwise, SettingKind kind, string description, Func<object, T> cast) => new(name)
    {
        Description = description,
        HelpName = kind is Whole ? "N" : "X",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Read(result, kind, cast),
        DefaultValueFactory = _ => otherwise,
    };
}
