using System.Security.Cryptography;
using System.Text;

namespace ActorTrain.Host.Configuration;

/// <summary>The one way in which a configuration is written down: every key, in the order of <see cref="Settings.All"/>.</summary>
public static class CanonicalYaml
{
    /// <summary>The complete run file of a configuration; reading it gives an equal one.</summary>
    public static string Write(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var text = new StringBuilder("# Complete configuration of this run, as it was started.\n");
        var section = "";
        foreach (var (setting, write) in Settings.Written)
        {
            var parts = setting.Key.Split('.');
            if (parts[0] != section)
                text.Append(section = parts[0]).Append(":\n");
            text.Append("  ").Append(parts[1]).Append(": ").Append(write(configuration)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>SHA-256 over the settings that may not change on resume; see <see cref="RunConfiguration.Hash"/>.</summary>
    internal static string HashOf(RunConfiguration configuration)
    {
        var lines = from key in Settings.Written
                    where key.Setting.MayChangeBecause is null
                    let value = key.Write(configuration)
                    where !key.Setting.CameLater || value != key.Setting.Default
                    select $"{key.Setting.Key}={value}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }
}
