using System.Net.Sockets;
using System.Text;
using ActorTrain.Host.Hosting;
using ActorTrain.Models;

namespace ActorTrain.Host.Tests.Hosting;

/// <summary>What a service manager, here a real socket, hears of a process.</summary>
public sealed class ServiceWatchTests : IDisposable
{
    private static readonly ServiceState Ready = new(true, "step 1 of 9: training");

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("actortrain-service-");
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };

    public ServiceWatchTests() => socket.Bind(new UnixDomainSocketEndPoint(SocketPath));

    private string SocketPath => Path.Combine(folder.FullName, "notify");

    private string ReadyFile => Path.Combine(folder.FullName, "ready");

    public void Dispose()
    {
        socket.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public void It_is_told_of_the_start_of_each_sign_of_life_and_of_the_end()
    {
        using (var watch = new ServiceWatch(Manager(), ReadyFile))
        {
            using var part = watch.Ask(_ => Task.FromResult(Ready));
            Hear().ShouldBe(["READY=1", $"STATUS={Ready.Words}"]);
            Hear().ShouldBe(["WATCHDOG=1"]);
            Until(() => File.Exists(ReadyFile));
        }

        HearAll()[^1].ShouldBe("STOPPING=1");
        File.Exists(ReadyFile).ShouldBeFalse();
    }

    [Fact]
    public void While_a_part_does_not_answer_there_is_no_sign_of_life()
    {
        var hangs = false;
        var (answers, unanswered) = (0, 0);
        using (var watch = new ServiceWatch(Manager(), ReadyFile))
        {
            _ = watch.Ask(_ => Volatile.Read(ref hangs) ? Count(ref unanswered, new TaskCompletionSource<ServiceState>().Task)
                : Count(ref answers, Task.FromResult(Ready)));
            _ = watch.Ask(_ => Task.FromResult(Ready));
            Until(() => File.Exists(ReadyFile) && Volatile.Read(ref answers) > 2);
            Volatile.Write(ref hangs, true);
            Until(() => !File.Exists(ReadyFile) && Volatile.Read(ref unanswered) > 2);
        }

        HearAll().Count(static said => said == "WATCHDOG=1").ShouldBeInRange(1, answers);
    }

    [Fact]
    public void It_lives_while_no_part_is_asked_and_before_it_is_ready()
    {
        using var watch = new ServiceWatch(Manager(), ReadyFile);
        using (watch.Ask(static _ => Task.FromResult(new ServiceState(false, "dialing"))))
        {
            Hear().ShouldBe(["READY=1", "STATUS=dialing"]);
            Hear().ShouldBe(["WATCHDOG=1"]);
        }

        File.Exists(ReadyFile).ShouldBeFalse();
        for (var i = 0; i < 3; i++)
            Hear().ShouldBe(["WATCHDOG=1"]);
    }

    [Fact]
    public void A_part_that_fails_is_one_that_does_not_answer()
    {
        var asked = 0;
        using (var watch = new ServiceWatch(Manager(), ReadyFile))
        {
            using var part = watch.Ask(_ => Count(ref asked, Task.FromException<ServiceState>(new InvalidOperationException("stopped"))));
            Until(() => Volatile.Read(ref asked) > 2);
        }

        HearAll().ShouldBe(["STOPPING=1"]);
    }

    [Fact]
    public void Without_a_manager_or_a_file_nothing_is_asked()
    {
        ServiceManager.Find(static _ => null).ShouldBeNull();
        using var watch = new ServiceWatch(null, null);
        using var part = watch.Ask(static _ => throw new InvalidOperationException("It was asked."));
    }

    [Theory]
    [InlineData("", null, false)]
    [InlineData("relative/path", null, false)]
    [InlineData("/run/notify", null, true)]
    [InlineData("@abstract", null, true)]
    public void The_environment_says_where_it_listens(string path, string? microseconds, bool isFound)
    {
        using var manager = ServiceManager.Find(Variables(path, microseconds, null));
        (manager is not null).ShouldBe(isFound);
        manager?.Watchdog.ShouldBeNull();
        manager?.Tell("READY=1");
    }

    [Fact]
    public void Signs_of_life_are_expected_of_the_process_that_is_named()
    {
        using var own = ServiceManager.Find(Variables("/run/notify", "3000000", $"{Environment.ProcessId}"));
        own!.Watchdog.ShouldBe(TimeSpan.FromSeconds(3));
        using var other = ServiceManager.Find(Variables("/run/notify", "3000000", "1"));
        other!.Watchdog.ShouldBeNull();
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_an_error_of_the_user()
    {
        var file = Path.Combine(folder.FullName, "missing", "ready");
        Should.Throw<UserErrorException>(() => new ServiceWatch(null, file)).Message.ShouldContain(file);
    }

    private static Func<string, string?> Variables(string path, string? microseconds, string? process) => name => name switch
    {
        "NOTIFY_SOCKET" => path,
        "WATCHDOG_USEC" => microseconds,
        "WATCHDOG_PID" => process,
        _ => null,
    };

    private static Task<ServiceState> Count(ref int count, Task<ServiceState> answer)
    {
        Interlocked.Increment(ref count);
        return answer;
    }

    private static void Until(Func<bool> condition) => SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)).ShouldBeTrue();

    private ServiceManager Manager() => ServiceManager.Find(Variables(SocketPath, "200000", null))!;

    private string[] Hear()
    {
        var buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer)).Split('\n');
    }

    // Until the process says that it stops.
    private List<string> HearAll()
    {
        var all = new List<string>();
        while (all is not [.., "STOPPING=1"])
            all.AddRange(Hear());
        return all;
    }
}
