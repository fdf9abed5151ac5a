#include "file_capture.hpp"

#include <sys/stat.h>

#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

namespace {

/// Whose stamps libpcap takes with a sign, though they go on to the year 2106.
bool is_classic(std::string_view head) { return !head.starts_with("\x0a\x0d\x0d\x0a"); }

struct Target {
  pcap_handler handler;
  u_char* user;
  const Filter* filter;
  bool unsigned_stamps;
};

void pass_on(u_char* to, const pcap_pkthdr* header, const u_char* bytes) {
  const Target& target = *reinterpret_cast<const Target*>(to);
  if (target.filter != nullptr && !target.filter->passes(*header, bytes)) return;
  pcap_pkthdr copy = *header;
  if (target.unsigned_stamps) copy.ts.tv_sec = static_cast<std::uint32_t>(copy.ts.tv_sec);
  target.handler(target.user, &copy, bytes);
}

/// In the words of libpcap's pcapng reader.
bool is_of_several_kinds(std::string_view fault) { return fault.find("different from the ") != fault.npos; }

}  // namespace

FileCapture::FileCapture(FileSettings settings) : settings_(std::move(settings)) {}

FileCapture::~FileCapture() { end_file(); }

FileCapture::State FileCapture::read(pcap_handler handler, u_char* user, int most) {
  if (source_ && source_->stopped()) return State::stopped;
  if (!handle_) return begin_next();
  // Not libpcap's own filter: that lets a call run on until so many packets have passed it, or to the file's end.
  Target target{handler, user, filter_ ? &*filter_ : nullptr, classic_};
  if (filter_ || (classic_ && !records_)) {
    handler = pass_on;
    user = reinterpret_cast<u_char*>(&target);
  }
  if (records_) return read_records(handler, user, most);
  const int got = ::pcap_dispatch(handle_.get(), most, handler, user);
  if (source_->stopped()) return State::stopped;
  if (got > 0) return State::more;
  if (got < 0) return damage(::pcap_geterr(handle_.get()), ::ftello(::pcap_file(handle_.get())));
  end_file();
  return begin_next();
}

FileCapture::State FileCapture::read_records(pcap_handler handler, u_char* user, int most) {
  using Outcome = RecordReader::Outcome;
  const Outcome outcome = records_->read(handler, user, most);
  if (source_->stopped()) return State::stopped;
  if (outcome == Outcome::more) return State::more;
  if (outcome != Outcome::ended)
    return damage(outcome == Outcome::cut_off ? "it is cut off in the midst of a packet"
                                              : "a packet says that it is larger than packets can be",
                  static_cast<std::int64_t>(records_->place()));
  end_file();
  return begin_next();
}

FileCapture::State FileCapture::begin_next() {
  if (next_ == settings_.files.size()) return State::ended;
  const std::string& given = settings_.files[next_++];
  name_ = given == "-" ? "standard input" : given;
  datalink_ = -1;
  auto source = ByteSource::open(given, settings_.wait);
  if (!source) return skip(source.error());
  source_ = *std::move(source);
  if (source_->is_empty()) return source_->stopped() ? State::stopped : skip("it is empty");

  // Where the reader knows the header, libpcap sees no more than that.
  const std::string_view head = source_->head();
  classic_ = is_classic(head);
  const auto form = RecordReader::form_of(head);
  std::FILE* stream = form ? ::fmemopen(const_cast<char*>(head.data()), head.size(), "r") : source_->stream();
  if (stream == nullptr) return skip(source_->trouble().empty() ? "there is no memory for it" : source_->trouble());
  char error[PCAP_ERRBUF_SIZE] = "";
  handle_.reset(::pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error));
  if (!handle_) {
    std::fclose(stream);
    if (source_->stopped()) return State::stopped;
    if (!source_->trouble().empty()) return skip(source_->trouble());
    return skip(concat("it is no capture of pcap or pcapng, or its beginning is damaged: ", error));
  }
  const int datalink = ::pcap_datalink(handle_.get());
  if (const Status status = supported(datalink); !status) return skip(status.message());
  if (!settings_.filter.empty())
    if (const Status status = filter_.emplace().compile(handle_.get(), settings_.filter); !status)
      return skip(status.message());
  if (form) begin_records(*form);
  datalink_ = datalink;
  return State::begun;
}

void FileCapture::begin_records(RecordReader::Form form) {
  form.keeps = static_cast<std::uint32_t>(::pcap_snapshot(handle_.get()));
  char header[RecordReader::header_size];
  source_->give(header, sizeof header);
  records_.emplace(form, [this](char* out, std::size_t size) { return source_->give(out, size); });
}

FileCapture::State FileCapture::skip(std::string_view why) {
  trouble_ = concat("'", name_, "' is skipped: ", why);
  ++skipped_files_;
  end_file();
  return State::trouble;
}

FileCapture::State FileCapture::damage(std::string why, std::int64_t place) {
  if (!source_->trouble().empty()) why = source_->trouble();
  if (is_of_several_kinds(why))
    why = concat(
        "libpcap reads no file with interfaces of several link types or snap lengths; give each interface a "
        "file of its own, or, where only snap lengths differ, take 'editcap -F pcap' (",
        why, ")");
  trouble_ = concat("'", name_, "' is damaged", place > 0 ? concat(" at byte ", place) : "",
                    "; the packets before are counted: ", why);
  ++damaged_files_;
  end_file();
  return State::trouble;
}

void FileCapture::end_file() noexcept {
  handle_.reset();
  records_.reset();
  filter_.reset();
  if (source_) bytes_ += source_->read_bytes();
  source_.reset();
}

void FileCapture::close() noexcept {
  end_file();
  next_ = 0;
}

std::uint64_t FileCapture::read_bytes() const { return bytes_ + (source_ ? source_->read_bytes() : 0); }

std::uint64_t FileCapture::total_bytes() const {
  std::uint64_t total = 0;
  for (const std::string& file : settings_.files) {
    struct stat about {};
    if (file == "-") return 0;
    if (::stat(file.c_str(), &about) != 0) continue;  // it will be skipped
    if (!S_ISREG(about.st_mode)) return 0;
    total += static_cast<std::uint64_t>(about.st_size);
  }
  return total;
}

}  // namespace trafficd::pcap_input
